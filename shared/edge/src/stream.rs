//! Functions behind a DynamoDB stream. Records of a shard are in order, so a failure is reported by the first record
//! that must be delivered again; all later records are delivered again too. An image must never be logged.

use crate::Invocation;
use crate::job::{JobError, attempt, batch_failures};
use crate::log::{self, InvocationResult, InvocationSummary, LogScope, chain};
use crate::runtime::{self, Build, Failure, Json};
use application_core::Context;
use domain::Timestamp;
use ports::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use std::process::ExitCode;
use std::time::Instant;

/// Handles records.
pub trait StreamHandler: Send + Sync {
    /// Handles a batch in order. `Some(sequence number)` names the first record that must be delivered again, with all
    /// later ones; an error means the whole batch.
    fn handle<'a>(
        &'a self,
        records: &'a [ItemChange],
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<String>, JobError>>;
}

/// One change of an item.
#[derive(Clone, PartialEq)]
pub struct ItemChange {
    /// Its position in the stream.
    pub sequence_number: String,
    /// The item's keys, as plain JSON.
    pub keys: Value,
    /// The item after the change, as plain JSON; `None` when it was deleted or does not have the shape that DynamoDB
    /// documents.
    pub new_image: Option<Value>,
}

impl std::fmt::Debug for ItemChange {
    /// Shows the position alone: an image may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemChange").field("sequence_number", &self.sequence_number).finish_non_exhaustive()
    }
}

/// Runs a function behind a stream until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn StreamHandler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Handles a batch in-process, in the way production does.
pub async fn invoke(handler: &dyn StreamHandler, event: Value, now: Timestamp) -> Result<Value, Failure> {
    invoke_as(handler, event, &Invocation::in_process(now)).await
}

/// The fields of the batch that are used.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    keys: Option<Value>,
    new_image: Option<Value>,
}

/// Handles a batch in-process, with an invocation made by the test.
pub async fn invoke_as(
    handler: &dyn StreamHandler,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    runtime::in_process(event, async |event| serve(handler, event, invocation).await).await
}

async fn serve(handler: &dyn StreamHandler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    let scope = LogScope {
        function: invocation.function,
        correlation_id: invocation.request_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..LogScope::default()
    };
    log::scoped(scope, async {
        let (result, verdict, error, fields) = match serde_json::from_str::<Batch>(event.get()) {
            Ok(batch) => handle(handler, batch, invocation).await,
            Err(error) => (
                Err(Failure("not a stream batch")),
                InvocationResult::Failed,
                Some(chain(&error)),
                Vec::new(),
            ),
        };
        InvocationSummary { invocation, verdict, duration: began.elapsed(), error, fields }.write();
        result
    })
    .await
}

type BatchOutcome = (Result<Json, Failure>, InvocationResult, Option<String>, Vec<(&'static str, Value)>);

async fn handle(handler: &dyn StreamHandler, batch: Batch, invocation: &Invocation) -> BatchOutcome {
    let records: Vec<ItemChange> = batch.records.into_iter().map(|record| change(record.dynamodb)).collect();
    let position = |wanted: &str| records.iter().position(|record| record.sequence_number == wanted);
    let context = invocation.context(&invocation.request_id, None);
    let (first, error) = match attempt(invocation.deadline, handler.handle(&records, &context)).await {
        Ok(None) => (None, None),
        // Should the handler name a record outside of the batch, the whole batch is delivered again: at least once,
        // never less.
        Ok(Some(number)) => (Some(position(&number).unwrap_or_default()), None),
        Err(error) => (Some(0), Some(error)),
    };
    let done = first.unwrap_or(records.len());
    let verdict = match first {
        None => InvocationResult::Done,
        Some(0) => InvocationResult::Failed,
        Some(_) => InvocationResult::Partial,
    };
    let failed: Vec<String> =
        records.get(done).map(|record| record.sequence_number.clone()).into_iter().collect();
    let fields = vec![("records", records.len().into()), ("done", done.into())];
    (batch_failures(&failed), verdict, error, fields)
}

fn change(change: Change) -> ItemChange {
    ItemChange {
        sequence_number: change.sequence_number,
        keys: change.keys.as_ref().and_then(item).unwrap_or_default(),
        new_image: change.new_image.as_ref().and_then(item),
    }
}

/// An item in DynamoDB's JSON, as plain JSON: binary stays base64, sets become arrays.
fn item(item: &Value) -> Option<Value> {
    let attributes = item.as_object()?;
    let plain: Option<Map<String, Value>> =
        attributes.iter().map(|(name, value)| Some((name.clone(), attribute(value)?))).collect();
    plain.map(Value::Object)
}

fn attribute(value: &Value) -> Option<Value> {
    let tagged = value.as_object().filter(|tagged| tagged.len() == 1)?;
    let (tag, value) = tagged.iter().next()?;
    match tag.as_str() {
        "S" | "B" => value.is_string().then(|| value.clone()),
        "N" => number(value),
        "BOOL" => value.is_boolean().then(|| value.clone()),
        "NULL" => Some(Value::Null),
        "L" => value.as_array()?.iter().map(attribute).collect::<Option<Vec<_>>>().map(Value::Array),
        "M" => item(value),
        "SS" | "BS" => value.as_array()?.iter().all(Value::is_string).then(|| value.clone()),
        "NS" => value.as_array()?.iter().map(number).collect::<Option<Vec<_>>>().map(Value::Array),
        _ => None,
    }
}

/// DynamoDB sends numbers as text.
fn number(value: &Value) -> Option<Value> {
    value.as_str()?.parse::<Number>().ok().map(Value::Number)
}
