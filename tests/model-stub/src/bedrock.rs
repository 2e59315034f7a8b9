//! Calls in Bedrock's wire format. The script answers them, or the model behind this server; without either they fail.

use std::time::Instant;

use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::checks::is_nova;
use crate::cut::ResponseBody;
use crate::deployments::base_of;
use crate::failure::Failure;
use crate::forward::Upstream;
use crate::frames;
use crate::invoke::Invoke;
use crate::server::{Shared, begin, cut, delay, event_stream, failed, json_response, streaming};
use crate::step::{OfferedTools, Step};
use crate::wire::{Answer, AnswerBlock, ConverseRequest};

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The message of a failure for want of a script and a model.
pub(crate) const NOBODY: &str = "No answer was scripted for this call and no model is behind this server: POST steps to \
                                 /_script, or start it with a model URL.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Converse,
    ConverseStream,
    Invoke,
}

/// The model id and operation in `/model/{modelId}/{operation}`. An ARN as model id has its slashes encoded.
pub(crate) fn operation(path: &str) -> Option<(String, Operation)> {
    let (model_id, operation) = path.strip_prefix("/model/")?.split_once('/')?;
    let operation = match operation {
        "converse" => Operation::Converse,
        "converse-stream" => Operation::ConverseStream,
        "invoke" => Operation::Invoke,
        _ => return None,
    };
    let model_id = percent_decode_str(model_id).decode_utf8().ok()?.into_owned();
    (!model_id.is_empty()).then_some((model_id, operation))
}

pub(crate) async fn call(
    shared: &Shared,
    model_id: String,
    operation: Operation,
    body: &[u8],
    started_at: Instant,
) -> Response<ResponseBody> {
    let (mut response, call) = match operation {
        Operation::Invoke => invoke(shared, model_id, body).await,
        Operation::Converse | Operation::ConverseStream => {
            converse(shared, model_id, operation, body, started_at).await
        }
    };
    if let Ok(id) = HeaderValue::from_str(&format!("call-{call}")) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

async fn converse(
    shared: &Shared,
    model_id: String,
    operation: Operation,
    body: &[u8],
    started_at: Instant,
) -> (Response<ResponseBody>, usize) {
    let family = base_of(shared, &model_id);
    let request = family.clone().and_then(|family| ConverseRequest::parse(&family, body));
    let family = family.unwrap_or_default();
    let name = if operation == Operation::Converse { "converse" } else { "converse-stream" };
    let (step, call) = begin(shared, model_id.clone(), name, false, body, request.is_ok());
    let request = match request {
        Ok(request) => request,
        Err(failure) => return (failed(&failure), call),
    };
    delay(&step).await;
    let default = request.forced_tool().or_else(|| request.tools().next()).map(|tool| tool.name.as_str());
    let names = request.tools().map(|tool| tool.name.as_str()).collect();
    let outcome = match step.outcome(&OfferedTools { default, names }, request.text_bytes(), call) {
        Some(scripted) => scripted
            .and_then(|answer| can_say(&family, answer))
            .and_then(|answer| answered(&answer, &step, operation, started_at)),
        None => forwarded(shared.upstream.as_ref(), &request, &step, operation, started_at).await,
    };
    (cut(&step, outcome.unwrap_or_else(|failure| failed(&failure))), call)
}

/// Nova takes a hyphen in the name of a tool, and can't write it: a call of such a tool fails.
fn can_say(model_id: &str, answer: Answer) -> Result<Answer, Failure> {
    let hyphen =
        |block: &AnswerBlock| matches!(block, AnswerBlock::ToolUse { name, .. } if name.contains('-'));
    if is_nova(model_id) && answer.blocks.iter().any(hyphen) {
        return Err(Failure::model_error(
            "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting \
             guide.",
        ));
    }
    Ok(answer)
}

async fn forwarded(
    upstream: Option<&Upstream>,
    request: &ConverseRequest,
    step: &Step,
    operation: Operation,
    started_at: Instant,
) -> Result<Response<ResponseBody>, Failure> {
    let Some(upstream) = upstream else { return Err(Failure::unavailable(NOBODY)) };
    if operation == Operation::ConverseStream {
        let body = upstream.converse_stream(request, step.usage, started_at).await?;
        return Ok(streaming(EVENT_STREAM, body));
    }
    let answer = upstream.converse(request, step.usage).await?;
    answered(&answer, step, operation, started_at)
}

fn answered(
    answer: &Answer,
    step: &Step,
    operation: Operation,
    started_at: Instant,
) -> Result<Response<ResponseBody>, Failure> {
    let latency_ms = u64::try_from(started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
    if operation == Operation::ConverseStream {
        let frames = frames::of_answer(answer, latency_ms, step.chunks)
            .map_err(|_| Failure::of_status(500, "The answer can't be framed."))?;
        return Ok(event_stream(EVENT_STREAM, frames, step));
    }
    Ok(json_response(StatusCode::OK, &answer.json(latency_ms)))
}

/// Vectors: from the embedding model behind this server if one is named, computed otherwise.
async fn invoke(shared: &Shared, model_id: String, body: &[u8]) -> (Response<ResponseBody>, usize) {
    let request = Invoke::parse(&model_id, body);
    let (step, call) = begin(shared, model_id, "invoke", true, body, request.is_ok());
    let request = match request {
        Ok(request) => request,
        Err(failure) => return (failed(&failure), call),
    };
    delay(&step).await;
    let vectors = match step.failure() {
        Some(failure) => Err(failure),
        None => match shared.upstream.as_ref().and_then(Upstream::embedder) {
            Some(embedder) => embedder.embed(request.texts()).await,
            None => Ok(request.texts().computed()),
        },
    };
    let response = match vectors.map(|vectors| step.counted(vectors)) {
        Ok(vectors) => {
            let mut response = json_response(StatusCode::OK, &request.answer(&vectors, call));
            response.headers_mut().insert("x-amzn-bedrock-input-token-count", vectors.tokens.into());
            response
        }
        Err(failure) => failed(&failure),
    };
    (cut(&step, response), call)
}
