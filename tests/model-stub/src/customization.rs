//! The part of Bedrock's control plane that handles training jobs: create, get and stop, each once for a job's name.
//! Nothing is trained: a job runs until a test says how it ends (`PUT /_jobs/{name}`). Calls here use no steps of the
//! script, because a job's poller comes at any time.

use std::collections::BTreeMap;

use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cut::ResponseBody;
use crate::deployments::{self, Deployments};
use crate::failure::Failure;
use crate::server::{Shared, failed, json_response};

const JOBS: &str = "/model-customization-jobs";
const MODELS: &str = "/custom-models/";
pub(crate) const ACCOUNT: &str = "arn:aws:bedrock:us-east-1:000000000000";

/// A job: the request that created it, and its status.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    request: Value,
    status: String,
    message: Option<String>,
    /// Whether its model was deleted.
    discarded: bool,
    /// The status of its training phase, where a test says it.
    training: Option<String>,
}

/// Jobs by name.
pub(crate) type Jobs = BTreeMap<String, Job>;

/// How a test ends a job.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    status: String,
    message: Option<String>,
    training: Option<String>,
}

/// Whether a path belongs to this service.
pub(crate) fn is_job(path: &str) -> bool {
    path.starts_with(JOBS) || path.starts_with(MODELS) || path.starts_with("/_jobs")
}

/// Answers a call.
pub(crate) fn call(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Response<ResponseBody> {
    let mut jobs = shared.jobs();
    let answer = match (method, path.strip_prefix(JOBS), path.strip_prefix("/_jobs/")) {
        (&Method::GET, None, None) if path.starts_with(MODELS) => look_at_model(&jobs, path),
        (&Method::GET, None, None) => Ok((StatusCode::OK, listed(&jobs))),
        (&Method::PUT, None, Some(name)) => end(&mut jobs, name, body),
        (&Method::DELETE, None, None) => discard(&mut jobs, &shared.deployments(), path),
        (&Method::POST, Some(""), _) => create(&mut jobs, body),
        (&Method::GET, Some(name), _) => look(&jobs, name),
        (&Method::POST, Some(rest), _) => match rest.strip_suffix("/stop") {
            Some(name) => stop(&mut jobs, name),
            None => Err(unknown(path)),
        },
        _ => Err(unknown(path)),
    };
    match answer {
        Ok((status, body)) => json_response(status, &body),
        Err(failure) => failed(&failure),
    }
}

pub(crate) type Answer = Result<(StatusCode, Value), Failure>;

pub(crate) fn unknown(path: &str) -> Failure {
    Failure { kind: Some("UnknownOperationException"), ..Failure::of_status(404, path) }
}

fn none() -> Failure {
    Failure::of_status(404, "The provided job does not exist.")
}

pub(crate) fn conflict(message: &str) -> Failure {
    Failure { kind: Some("ConflictException"), ..Failure::of_status(400, message) }
}

/// The name at the end of a path, which may be an ARN with encoded delimiters.
pub(crate) fn name(rest: &str) -> String {
    let text = rest.trim_start_matches('/').replace("%2F", "/").replace("%3A", ":");
    text.rsplit('/').next().unwrap_or_default().to_owned()
}

fn arn(name: &str) -> String {
    format!("{ACCOUNT}:model-customization-job/{name}")
}

fn listed(jobs: &Jobs) -> Value {
    let jobs = jobs
        .values()
        .map(|job| json!({"request": job.request, "status": job.status, "discarded": job.discarded}));
    json!({ "jobs": jobs.collect::<Vec<_>>() })
}

/// The service's rule for names and tokens: letters, digits and single separators.
pub(crate) fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn create(jobs: &mut Jobs, body: &[u8]) -> Answer {
    let request: Value =
        serde_json::from_slice(body).map_err(|_| Failure::validation("The request is not JSON."))?;
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let named = is_name(text("/jobName")) && is_name(text("/customModelName"));
    let placed = ["/trainingDataConfig/s3Uri", "/outputDataConfig/s3Uri"]
        .iter()
        .all(|place| text(place).starts_with("s3://"));
    let parameters = request.get("hyperParameters").and_then(Value::as_object);
    let texts = parameters.is_some_and(|parameters| parameters.values().all(Value::is_string));
    if !named || !placed || !texts || text("/roleArn").is_empty() || text("/baseModelIdentifier").is_empty() {
        return Err(Failure::validation("1 validation error detected."));
    }
    // The service answers "invalid request" when it can't take on the role.
    if text("/roleArn").ends_with("role/nobody") {
        let words = format!("Could not assume provided IAM role {}.", text("/roleArn"));
        return Err(Failure::validation(words));
    }
    if text("/baseModelIdentifier") == "no-room" {
        let kind = Some("ServiceQuotaExceededException");
        return Err(Failure { kind, ..Failure::of_status(400, "Too many jobs.") });
    }
    let job_name = text("/jobName").to_owned();
    match jobs.get(&job_name) {
        Some(job) if job.request.get("clientRequestToken") == request.get("clientRequestToken") => {}
        Some(_) => return Err(conflict("The job name is in use.")),
        None => {
            let job = Job {
                request,
                status: "InProgress".to_owned(),
                message: None,
                discarded: false,
                training: None,
            };
            jobs.insert(job_name.clone(), job);
        }
    }
    Ok((StatusCode::CREATED, json!({ "jobArn": arn(&job_name) })))
}

fn look(jobs: &Jobs, rest: &str) -> Answer {
    let name = name(rest);
    let job = jobs.get(&name).ok_or_else(none)?;
    let said = |field: &str| job.request.get(field).cloned().unwrap_or_default();
    let text = |field: &str| job.request.get(field).and_then(Value::as_str).unwrap_or_default();
    let completed = job.status == "Completed";
    Ok((
        StatusCode::OK,
        json!({
            "jobArn": arn(&name),
            "jobName": name,
            "outputModelName": said("customModelName"),
            "clientRequestToken": said("clientRequestToken"),
            "roleArn": said("roleArn"),
            "status": job.status,
            "creationTime": "2026-01-01T00:00:00Z",
            "baseModelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{}",
                text("baseModelIdentifier")),
            "hyperParameters": said("hyperParameters"),
            "trainingDataConfig": said("trainingDataConfig"),
            "outputDataConfig": said("outputDataConfig"),
            "customizationType": said("customizationType"),
            "outputModelArn": completed.then(|| format!("{ACCOUNT}:custom-model/{}", text("customModelName"))),
            "failureMessage": job.message,
            "statusDetails": job.training.as_ref().map(|status| json!({"trainingDetails": {"status": status}})),
        }),
    ))
}

fn stop(jobs: &mut Jobs, rest: &str) -> Answer {
    let job = jobs.get_mut(&name(rest)).ok_or_else(none)?;
    if job.status != "InProgress" {
        return Err(conflict("The job has ended."));
    }
    job.status = "Stopped".to_owned();
    Ok((StatusCode::OK, json!({})))
}

/// The model that was trained to this one, by its name at the provider; `None` for a model that does not exist.
pub(crate) fn base_model(jobs: &Jobs, model: &str) -> Option<String> {
    let job = jobs.get(&name(model)).filter(|job| job.status == "Completed" && !job.discarded)?;
    job.request.get("baseModelIdentifier").and_then(Value::as_str).map(str::to_owned)
}

fn look_at_model(jobs: &Jobs, path: &str) -> Answer {
    let model = name(path.strip_prefix(MODELS).ok_or_else(|| unknown(path))?);
    base_model(jobs, &model).ok_or_else(|| Failure::of_status(404, "The provided model does not exist."))?;
    Ok((
        StatusCode::OK,
        json!({
            "modelArn": format!("{ACCOUNT}:custom-model/{model}"),
            "modelName": model,
            "modelStatus": "Active",
            "creationTime": "2026-01-01T00:00:00Z",
        }),
    ))
}

/// A model has the name of its job.
fn discard(jobs: &mut Jobs, deployments: &Deployments, path: &str) -> Answer {
    let model = name(path.strip_prefix(MODELS).ok_or_else(|| unknown(path))?);
    if deployments::uses(deployments, &model) {
        return Err(conflict("The model has deployments."));
    }
    match jobs.get_mut(&model) {
        Some(job) if job.status == "Completed" && !job.discarded => {
            job.discarded = true;
            Ok((StatusCode::OK, json!({})))
        }
        _ => Err(Failure::of_status(404, "The provided model does not exist.")),
    }
}

fn end(jobs: &mut Jobs, rest: &str, body: &[u8]) -> Answer {
    let end: End = serde_json::from_slice(body)
        .map_err(|error| Failure::validation(format!("not an end of a job: {error}")))?;
    let job = jobs.get_mut(&name(rest)).ok_or_else(none)?;
    (job.status, job.message, job.training) = (end.status, end.message, end.training);
    Ok((StatusCode::OK, json!({})))
}
