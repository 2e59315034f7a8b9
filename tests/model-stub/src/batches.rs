//! The part of Bedrock's control plane that handles batch inference: jobs are created, read, listed and stopped. A job
//! runs by itself (`batch_run`); a test may say how one stands (`PUT /_batches/{id}`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::{Method, Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::batch_run;
use crate::cut::ResponseBody;
use crate::failure::Failure;
use crate::objects::Objects;
use crate::server::{Shared, failed, json_response};

const JOB: &str = "/model-invocation-job";
const JOBS: &str = "/model-invocation-jobs";
const CONTROL: &str = "/_batches";
const ARN: &str = "arn:aws:bedrock:us-east-1:000000000000:model-invocation-job/";
/// The statuses of a job that has not ended.
const OPEN: [&str; 4] = ["Submitted", "Validating", "Scheduled", "InProgress"];

/// A job: the request that created it, and how it stands.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) request: Value,
    pub(crate) status: String,
    pub(crate) message: Option<String>,
    /// The records: all, and those that were answered with an output or an error.
    pub(crate) records: usize,
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
    /// Wakes the run of the job when it is to stop.
    pub(crate) stop: Arc<Notify>,
}

impl Batch {
    /// A text of the request; empty when it is absent.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.request.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The jobs by id, and the objects that they read and write.
#[derive(Debug)]
pub(crate) struct Batches {
    jobs: Mutex<BTreeMap<String, Batch>>,
    pub(crate) objects: Objects,
}

impl Batches {
    pub(crate) fn new(objects: Objects) -> Self {
        Self { jobs: Mutex::default(), objects }
    }

    pub(crate) fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, Batch>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a test says that a job stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    status: String,
    message: Option<String>,
}

/// Whether a path belongs to this service.
pub(crate) fn is_batch(path: &str) -> bool {
    path.starts_with(JOB) || path.starts_with(CONTROL)
}

/// Answers a call.
pub(crate) fn call(shared: &Arc<Shared>, method: &Method, uri: &Uri, body: &[u8]) -> Response<ResponseBody> {
    let path = uri.path();
    let answer = match (method, path) {
        (&Method::POST, JOB) => create(shared, body),
        (&Method::GET, JOBS) => Ok(list(shared, uri.query().unwrap_or_default())),
        (&Method::GET, CONTROL) => Ok(everything(shared)),
        _ => of_one(shared, method, path, body),
    };
    match answer {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(failure) => failed(&failure),
    }
}

fn of_one(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Result<Value, Failure> {
    let unknown =
        || Failure { kind: Some("UnknownOperationException"), ..Failure::of_status(404, path.to_owned()) };
    let (control, rest) = match (path.strip_prefix(CONTROL), path.strip_prefix(JOB)) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(unknown()),
    };
    let rest = rest.strip_prefix('/').ok_or_else(unknown)?;
    match (method, control, rest.strip_suffix("/stop")) {
        (&Method::GET, false, None) => look(shared, &id(rest)?),
        (&Method::POST, false, Some(named)) => stop(shared, &id(named)?),
        (&Method::PUT, true, None) => stand(shared, &id(rest)?, body),
        _ => Err(unknown()),
    }
}

/// The id in a path, which may stand at the end of an ARN with encoded delimiters.
fn id(named: &str) -> Result<String, Failure> {
    let named = percent_decode_str(named).decode_utf8_lossy().into_owned();
    let id = named.strip_prefix(ARN).unwrap_or(&named);
    let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if id.len() != 12 || !id.chars().all(usual) {
        let words = format!("1 validation error detected: Value '{named}' at 'jobIdentifier'");
        return Err(Failure::validation(words));
    }
    Ok(id.to_owned())
}

fn none() -> Failure {
    Failure::of_status(404, "The provided job does not exist.")
}

fn of_kind(kind: &'static str, status: u16, message: &str) -> Failure {
    Failure { kind: Some(kind), ..Failure::of_status(status, message) }
}

fn create(shared: &Arc<Shared>, body: &[u8]) -> Result<Value, Failure> {
    let request: Value =
        serde_json::from_slice(body).map_err(|_| Failure::validation("The request is not JSON."))?;
    check(&request)?;
    let mut jobs = shared.batches.jobs();
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let same = |member: &'static str| {
        let wanted = request.get(member);
        move |(_, job): &(&String, &Batch)| wanted.is_some() && job.request.get(member) == wanted
    };
    if let Some((id, _)) = jobs.iter().find(same("clientRequestToken")) {
        return Ok(json!({ "jobArn": format!("{ARN}{id}") }));
    }
    if jobs.iter().any(|entry| same("jobName")(&entry)) {
        return Err(of_kind("ConflictException", 400, "The job name is in use."));
    }
    match text("modelId") {
        "no-room" => return Err(of_kind("ServiceQuotaExceededException", 400, "Too many jobs.")),
        "too-fast" => return Err(Failure::of_status(429, "Too many requests.")),
        _ => {}
    }
    let id = format!("batch{:07}", jobs.len() + 1);
    let job = Batch {
        request,
        status: "Submitted".to_owned(),
        message: None,
        records: 0,
        succeeded: 0,
        failed: 0,
        stop: Arc::default(),
    };
    jobs.insert(id.clone(), job);
    drop(jobs);
    tokio::spawn(batch_run::run(Arc::clone(shared), id.clone()));
    Ok(json!({ "jobArn": format!("{ARN}{id}") }))
}

/// The service's rules for names, tokens, places and times. Records are in the form of Converse alone here.
fn check(request: &Value) -> Result<(), Failure> {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let named = |text: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        (1..=63).contains(&text.len())
            && text.chars().all(inner)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    let places = ["/inputDataConfig/s3InputDataConfig/s3Uri", "/outputDataConfig/s3OutputDataConfig/s3Uri"];
    let hours = request.get("timeoutDurationInHours").map_or(Some(24), Value::as_u64);
    let token = request.get("clientRequestToken").is_none_or(|token| token.as_str().is_some_and(named));
    let so = named(text("/jobName"))
        && token
        && places.iter().all(|place| text(place).starts_with("s3://"))
        && hours.is_some_and(|hours| (24..=168).contains(&hours))
        && text("/roleArn").starts_with("arn:aws:iam::")
        && !text("/modelId").is_empty();
    if !so {
        return Err(Failure::validation("1 validation error detected."));
    }
    if text("/modelInvocationType") != "Converse" {
        return Err(Failure::validation("This server runs batches with the model invocation type Converse."));
    }
    // The service answers "invalid request" when it can't take on the role.
    if text("/roleArn").ends_with("role/nobody") {
        return Err(Failure::validation(format!("Could not assume provided IAM role {}.", text("/roleArn"))));
    }
    Ok(())
}

fn described(id: &str, job: &Batch) -> Value {
    let said = |member: &str| job.request.get(member).cloned().unwrap_or_default();
    json!({
        "jobArn": format!("{ARN}{id}"),
        "jobName": said("jobName"),
        "modelId": said("modelId"),
        "clientRequestToken": said("clientRequestToken"),
        "roleArn": said("roleArn"),
        "status": job.status,
        "message": job.message,
        "submitTime": "2026-01-01T00:00:00Z",
        "inputDataConfig": said("inputDataConfig"),
        "outputDataConfig": said("outputDataConfig"),
        "timeoutDurationInHours": said("timeoutDurationInHours"),
        "modelInvocationType": said("modelInvocationType"),
        "totalRecordCount": job.records,
        "processedRecordCount": job.succeeded + job.failed,
        "successRecordCount": job.succeeded,
        "errorRecordCount": job.failed,
    })
}

fn look(shared: &Shared, id: &str) -> Result<Value, Failure> {
    shared.batches.jobs().get(id).map(|job| described(id, job)).ok_or_else(none)
}

/// One page of the jobs: one job, or none when a filter leaves it out.
fn list(shared: &Shared, query: &str) -> Value {
    let parameter = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        percent_decode_str(value.unwrap_or_default()).decode_utf8_lossy()
    };
    let (wanted, page) = (parameter("nameContains"), parameter("nextToken"));
    let page: usize = page.parse().unwrap_or(0);
    let jobs = shared.batches.jobs();
    let found = jobs.iter().skip(page).take(1).filter(|(_, job)| job.text("/jobName").contains(&*wanted));
    let mut listed =
        json!({ "invocationJobSummaries": found.map(|(id, job)| described(id, job)).collect::<Vec<_>>() });
    if page + 1 < jobs.len()
        && let Some(members) = listed.as_object_mut()
    {
        members.insert("nextToken".to_owned(), json!((page + 1).to_string()));
    }
    listed
}

fn everything(shared: &Shared) -> Value {
    let jobs = shared.batches.jobs();
    let jobs = jobs.iter().map(
        |(id, job)| json!({"id": id, "request": job.request, "status": job.status, "message": job.message}),
    );
    json!({ "jobs": jobs.collect::<Vec<_>>() })
}

fn stop(shared: &Shared, id: &str) -> Result<Value, Failure> {
    let mut jobs = shared.batches.jobs();
    let job = jobs.get_mut(id).ok_or_else(none)?;
    if !OPEN.contains(&job.status.as_str()) {
        return Err(of_kind("ConflictException", 400, "The job has ended."));
    }
    job.status = "Stopping".to_owned();
    job.stop.notify_one();
    Ok(json!({}))
}

fn stand(shared: &Shared, id: &str, body: &[u8]) -> Result<Value, Failure> {
    let standing: Standing = serde_json::from_slice(body)
        .map_err(|error| Failure::validation(format!("not a standing of a job: {error}")))?;
    let mut jobs = shared.batches.jobs();
    let job = jobs.get_mut(id).ok_or_else(none)?;
    (job.status, job.message) = (standing.status, standing.message);
    Ok(json!({}))
}
