//! Turns a streamed completion into OpenAI's format: server-sent events with the role, the text as it comes, the finish
//! reason, the token counts if they were asked for, and `[DONE]`.

use application_ai::gateway::{StreamEnd, StreamEvent, Streamed};
use contracts::openai::{
    ChatChunk, ChatUsage, ChunkChoice, ChunkDelta, ErrorBody, ErrorDetail, FunctionDelta, ToolCallDelta,
};
use edge::Problem;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::Serialize;
use wiring_ai::chat::{FUNCTION, finish_reason, usage};

/// The events of a streamed answer.
pub(crate) fn events(
    answer: Streamed,
    created: i64,
    tells_usage: bool,
) -> BoxStream<'static, Result<Vec<u8>, Problem>> {
    let (id, model) = (answer.head.request_id.to_string(), answer.head.model);
    let chunk = move |choices: Vec<ChunkChoice>, usage: Option<ChatUsage>| ChatChunk {
        id: id.clone(),
        object: "chat.completion.chunk".to_owned(),
        created,
        model: model.clone(),
        choices,
        usage,
    };
    let role =
        ChunkDelta { role: Some("assistant".to_owned()), content: Some(String::new()), tool_calls: None };
    let first = event(&chunk(vec![choice(role, None)], None));
    let mut calls = 0;
    let rest = answer.events.map(move |part| match part {
        StreamEvent::Text(text) => {
            let delta = ChunkDelta { content: Some(text), ..ChunkDelta::default() };
            event(&chunk(vec![choice(delta, None)], None))
        }
        StreamEvent::ToolCall { id, name } => {
            calls += 1;
            let function = FunctionDelta { name: Some(name), arguments: Some(String::new()) };
            event(&chunk(vec![choice(call_delta(calls, Some(id), function), None)], None))
        }
        StreamEvent::Arguments(json) => {
            let function = FunctionDelta { name: None, arguments: Some(json) };
            event(&chunk(vec![choice(call_delta(calls, None, function), None)], None))
        }
        StreamEvent::End(StreamEnd { stop, tokens, reasoning_tokens, cost: _ }) => {
            let reason = finish_reason(stop).to_owned();
            let mut last = event(&chunk(vec![choice(ChunkDelta::default(), Some(reason))], None))?;
            if tells_usage {
                last.extend(event(&chunk(Vec::new(), Some(usage(&tokens, reasoning_tokens))))?);
            }
            last.extend_from_slice(b"data: [DONE]\n\n");
            Ok(last)
        }
        StreamEvent::Broken => broke_off(),
    });
    stream::iter([first]).chain(rest).boxed()
}

/// The event at the end of an answer that broke off.
pub(crate) fn broke_off() -> Result<Vec<u8>, Problem> {
    event(&ErrorBody {
        error: ErrorDetail {
            message: "The answer broke off.".to_owned(),
            class: "server_error".to_owned(),
            param: None,
            code: Some("models_unavailable".to_owned()),
        },
    })
}

/// A part of the call with this number, from 1 on.
fn call_delta(number: usize, id: Option<String>, function: FunctionDelta) -> ChunkDelta {
    let kind = id.is_some().then(|| FUNCTION.to_owned());
    let part = ToolCallDelta { index: number.saturating_sub(1), id, kind, function };
    ChunkDelta { tool_calls: Some(vec![part]), ..ChunkDelta::default() }
}

fn choice(delta: ChunkDelta, finish_reason: Option<String>) -> ChunkChoice {
    ChunkChoice { index: 0, delta, finish_reason, logprobs: None }
}

/// A server-sent event. JSON has no line breaks outside of strings, and only escaped ones in them.
fn event(data: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let json = serde_json::to_string(data).map_err(Problem::internal)?;
    Ok(format!("data: {json}\n\n").into_bytes())
}
