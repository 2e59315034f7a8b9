//! Calls in OpenAI's wire format, driven by the same script as those in Bedrock's. It checks no API key.

use hyper::{Response, StatusCode};
use serde_json::Value;

use crate::bedrock::NOBODY;
use crate::cut::ResponseBody;
use crate::failure::Failure;
use crate::forward::Upstream;
use crate::openai::{self, ChatRequest};
use crate::openai_embeddings::EmbeddingRequest;
use crate::server::{Shared, begin, cut, delay, event_stream, failed, json_response};

const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// `POST /v1/chat/completions`.
pub(crate) async fn chat(shared: &Shared, body: &[u8]) -> Response<ResponseBody> {
    let request = ChatRequest::parse(body);
    let (step, call) = begin(shared, named(body), "chat/completions", false, body, request.is_ok());
    let request = match request {
        Ok(request) => request,
        Err(failure) => return refused(&failure),
    };
    delay(&step).await;
    let response = match step.outcome(&request.tools(), request.text_bytes(), call) {
        Some(Ok(answer)) if request.stream => {
            event_stream(EVENT_STREAM, request.events(&answer, call, step.chunks), &step)
        }
        Some(Ok(answer)) => json_response(StatusCode::OK, &request.answer(&answer, call)),
        Some(Err(failure)) => refused(&failure),
        None => match &shared.upstream {
            Some(upstream) => upstream.pass_chat(body).await.unwrap_or_else(|failure| refused(&failure)),
            None => refused(&Failure::unavailable(NOBODY)),
        },
    };
    cut(&step, response)
}

/// `POST /v1/embeddings`.
pub(crate) async fn embeddings(shared: &Shared, body: &[u8]) -> Response<ResponseBody> {
    let request = EmbeddingRequest::parse(body);
    let (step, _) = begin(shared, named(body), "embeddings", true, body, request.is_ok());
    let request = match request {
        Ok(request) => request,
        Err(failure) => return refused(&failure),
    };
    delay(&step).await;
    let vectors = match step.failure() {
        Some(failure) => Err(failure),
        None => match shared.upstream.as_ref().and_then(Upstream::embedder) {
            Some(embedder) => embedder.embed(&request.texts()).await,
            None => Ok(request.texts().computed()),
        },
    };
    let response = match vectors {
        Ok(vectors) => json_response(StatusCode::OK, &request.answer(&step.counted(vectors))),
        Err(failure) => refused(&failure),
    };
    cut(&step, response)
}

/// The model that a body names, even when the rest of the body is invalid.
fn named(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn refused(failure: &Failure) -> Response<ResponseBody> {
    let plain = Failure { kind: None, ..failure.clone() };
    let (head, _) = failed(&plain).into_parts();
    let (_, body) = json_response(StatusCode::OK, &openai::error_body(failure)).into_parts();
    Response::from_parts(head, body)
}
