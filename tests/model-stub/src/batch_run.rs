//! Runs a batch job: reads its input from S3, has each record answered as a live call is, and writes the results. A job
//! whose file the service would refuse fails as a whole; a record that Converse would refuse has an error in its place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::BodyExt;
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::batches::Batch;
use crate::bedrock::{self, Operation};
use crate::objects::{ObjectClient, ObjectError, Place};
use crate::server::Shared;

/// The service's default quotas for the records of a job.
const FEWEST: usize = 100;
const MOST: usize = 50_000;
/// The strictest length of a record's id in the service's guide.
const ID_LENGTH: usize = 11;

/// What a run needs of its job.
struct Order {
    model: String,
    input: String,
    output: String,
    key: Option<String>,
    stop: Arc<Notify>,
}

impl Order {
    fn of(job: &Batch) -> Self {
        let key = job.text("/outputDataConfig/s3OutputDataConfig/s3EncryptionKeyId");
        Self {
            model: job.text("/modelId").to_owned(),
            input: job.text("/inputDataConfig/s3InputDataConfig/s3Uri").to_owned(),
            output: job.text("/outputDataConfig/s3OutputDataConfig/s3Uri").to_owned(),
            key: Some(key.to_owned()).filter(|key| !key.is_empty()),
            stop: Arc::clone(&job.stop),
        }
    }
}

/// The job can't run.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("The file must end in .jsonl.")]
    Name,
    #[error("Line {0} is not a record with an id of 11 letters and digits and a modelInput.")]
    Line(usize),
    #[error("The id in line {0} is there twice.")]
    Twice(usize),
    #[error("The file has {0} records; a job takes 100 to 50000.")]
    Count(usize),
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "recordId")]
    id: String,
    #[serde(rename = "modelInput", borrow)]
    input: &'a RawValue,
}

/// Runs the job to its end.
pub(crate) async fn run(shared: Arc<Shared>, id: String) {
    let Some(order) = shared.batches.jobs().get(&id).map(Order::of) else { return };
    let (status, message) = match carried_out(&shared, &id, &order).await {
        Ok(status) => (status, None),
        Err(error) => ("Failed", Some(error.to_string())),
    };
    change(&shared, &id, |job| {
        // A test may have said how the job stands.
        if ["Submitted", "InProgress", "Stopping"].contains(&job.status.as_str()) {
            (job.status, job.message) = (status.to_owned(), message);
        }
    });
}

fn change(shared: &Shared, id: &str, change: impl FnOnce(&mut Batch)) {
    if let Some(job) = shared.batches.jobs().get_mut(id) {
        change(job);
    }
}

/// Returns the status of the end.
async fn carried_out(shared: &Shared, id: &str, order: &Order) -> Result<&'static str, Unusable> {
    let client = shared.batches.objects.client()?;
    let (input, output) = (Place::parse(&order.input)?, Place::parse(&order.output)?);
    let name = input.key.rsplit('/').next().filter(|name| name.ends_with(".jsonl")).ok_or(Unusable::Name)?;
    let file = client.read(&input).await?;
    let records = records(&file)?;
    change(shared, id, |job| {
        job.records = records.len();
        if job.status == "Submitted" {
            job.status = "InProgress".to_owned();
        }
    });
    let mut lines = Vec::new();
    let mut stopped = false;
    for record in &records {
        tokio::select! {
            (line, succeeded) = answered(shared, &order.model, record) => {
                lines.push(line);
                change(shared, id, |job| *(if succeeded { &mut job.succeeded } else { &mut job.failed }) += 1);
            }
            () = order.stop.notified() => {
                stopped = true;
                break;
            }
        }
    }
    // Results need not have the order of the input, and here they never have it.
    lines.reverse();
    write(shared, &client, id, &output, name, lines, order.key.as_deref()).await?;
    Ok(if stopped { "Stopped" } else { "Completed" })
}

fn records(file: &[u8]) -> Result<Vec<Record<'_>>, Unusable> {
    let (mut records, mut ids) = (Vec::new(), BTreeSet::new());
    let lines = file.split(|byte| *byte == b'\n').enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let record: Record<'_> = serde_json::from_slice(line).map_err(|_| Unusable::Line(at + 1))?;
        let usual = record.id.len() == ID_LENGTH && record.id.chars().all(|c| c.is_ascii_alphanumeric());
        if !usual || !record.input.get().starts_with('{') {
            return Err(Unusable::Line(at + 1));
        }
        if !ids.insert(record.id.clone()) {
            return Err(Unusable::Twice(at + 1));
        }
        records.push(record);
    }
    if (FEWEST..=MOST).contains(&records.len()) { Ok(records) } else { Err(Unusable::Count(records.len())) }
}

/// The line of a record's result, and whether it has an output.
async fn answered(shared: &Shared, model: &str, record: &Record<'_>) -> (String, bool) {
    let (id, input) = (&record.id, record.input.get());
    let failed = |code: u16, message: Value| {
        let error = json!({"errorCode": code, "errorMessage": message});
        (format!(r#"{{"recordId":"{id}","modelInput":{input},"error":{error}}}"#), false)
    };
    // The service's rule for records in the form of Converse.
    if serde_json::from_str::<Value>(input).unwrap_or_default().get("toolConfig").is_some() {
        return failed(400, "Batch inference in the form of Converse does not support toolConfig.".into());
    }
    let call = bedrock::call(shared, model.to_owned(), Operation::Converse, input.as_bytes(), Instant::now());
    let (head, body) = call.await.into_parts();
    // A body that breaks off is a failure of the service, which has no place for half an answer.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = std::str::from_utf8(&body).unwrap_or_default();
    if head.status.is_success() && !text.is_empty() {
        return (format!(r#"{{"recordId":"{id}","modelInput":{input},"modelOutput":{text}}}"#), true);
    }
    let code = if head.status.is_success() { 500 } else { head.status.as_u16() };
    let message = serde_json::from_str::<Value>(text).unwrap_or_default().get("message").cloned();
    failed(code, message.unwrap_or_default())
}

async fn write(
    shared: &Shared,
    client: &ObjectClient,
    id: &str,
    output: &Place,
    name: &str,
    lines: Vec<String>,
    key: Option<&str>,
) -> Result<(), ObjectError> {
    let folder = format!("{}/{id}", output.key.trim_end_matches('/'));
    let place = |name: String| Place { bucket: output.bucket.clone(), key: format!("{folder}/{name}") };
    let counts = shared.batches.jobs().get(id).map(|job| (job.records, job.succeeded, job.failed));
    let (records, succeeded, failed) = counts.unwrap_or_default();
    let manifest = json!({
        "totalRecordCount": records, "processedRecordCount": succeeded + failed,
        "successRecordCount": succeeded, "errorRecordCount": failed,
    });
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    client.write(&place(format!("{name}.out")), Bytes::from(text), key).await?;
    client.write(&place("manifest.json.out".to_owned()), Bytes::from(manifest.to_string()), key).await
}
