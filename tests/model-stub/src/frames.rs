//! ConverseStream events as `application/vnd.amazon.eventstream` frames (lengths, headers, payload, both checksums). It
//! must never reorder or merge events: a caller sees exactly the events of the answer.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::wire::{Answer, AnswerBlock, Usage, signature};

/// Characters in one delta of a scripted answer: small enough that any real answer comes in several.
const DELTA_CHARS: usize = 24;

/// A frame could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("the event can't be framed")]
pub(crate) struct FrameError(#[from] aws_smithy_eventstream::error::Error);

/// One event of the stream.
pub(crate) fn event(name: &'static str, payload: &Value) -> Result<Bytes, FrameError> {
    frame("event", ":event-type", name, payload)
}

/// The exception that ends a stream whose head was already sent, for example `modelStreamErrorException`.
pub(crate) fn exception(name: &'static str, payload: &Value) -> Result<Bytes, FrameError> {
    frame("exception", ":exception-type", name, payload)
}

fn frame(
    message_type: &'static str,
    type_header: &'static str,
    name: &'static str,
    payload: &Value,
) -> Result<Bytes, FrameError> {
    let header =
        |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(type_header, name))
        .add_header(header(":content-type", "application/json"))
        .add_header(header(":message-type", message_type));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes)?;
    Ok(bytes.into())
}

pub(crate) fn message_start() -> Result<Bytes, FrameError> {
    event("messageStart", &json!({ "role": "assistant" }))
}

/// Only tool use has a start event; a text block begins with its first delta.
pub(crate) fn tool_start(index: u64, id: &str, name: &str) -> Result<Bytes, FrameError> {
    let start = json!({ "toolUse": { "toolUseId": id, "name": name } });
    event("contentBlockStart", &json!({ "contentBlockIndex": index, "start": start }))
}

pub(crate) fn text_delta(index: u64, text: &str) -> Result<Bytes, FrameError> {
    event("contentBlockDelta", &json!({ "contentBlockIndex": index, "delta": { "text": text } }))
}

/// `piece` is a piece of a model's thoughts, or the signature that comes after the last one.
pub(crate) fn reasoning_delta(index: u64, piece: &Value) -> Result<Bytes, FrameError> {
    let delta = json!({ "reasoningContent": piece });
    event("contentBlockDelta", &json!({ "contentBlockIndex": index, "delta": delta }))
}

/// `input` is a piece of the tool input's JSON text.
pub(crate) fn tool_delta(index: u64, input: &str) -> Result<Bytes, FrameError> {
    let delta = json!({ "toolUse": { "input": input } });
    event("contentBlockDelta", &json!({ "contentBlockIndex": index, "delta": delta }))
}

pub(crate) fn block_stop(index: u64) -> Result<Bytes, FrameError> {
    event("contentBlockStop", &json!({ "contentBlockIndex": index }))
}

pub(crate) fn message_stop(stop_reason: &str) -> Result<Bytes, FrameError> {
    event("messageStop", &json!({ "stopReason": stop_reason }))
}

/// The last event. Usage is absent when the model behind a forward did not count: it is never made up.
pub(crate) fn metadata(usage: Option<Usage>, latency_ms: u64) -> Result<Bytes, FrameError> {
    let mut payload = json!({ "metrics": { "latencyMs": latency_ms } });
    if let (Some(usage), Value::Object(fields)) = (usage, &mut payload) {
        fields.insert("usage".to_owned(), usage.json());
    }
    event("metadata", &payload)
}

/// A whole answer as the frames of a stream, in order; each block in `count` pieces if `count` is set.
pub(crate) fn of_answer(
    answer: &Answer,
    latency_ms: u64,
    count: Option<usize>,
) -> Result<Vec<Bytes>, FrameError> {
    let mut frames = vec![message_start()?];
    for (index, block) in (0u64..).zip(&answer.blocks) {
        match block {
            AnswerBlock::Reasoning(text) => {
                for piece in pieces(text, count) {
                    frames.push(reasoning_delta(index, &json!({ "text": piece }))?);
                }
                frames.push(reasoning_delta(index, &json!({ "signature": signature(text) }))?);
            }
            AnswerBlock::Text(text) => {
                for piece in pieces(text, count) {
                    frames.push(text_delta(index, &piece)?);
                }
            }
            AnswerBlock::ToolUse { id, name, input } => {
                frames.push(tool_start(index, id, name)?);
                for piece in pieces(&argument_text(input), count) {
                    frames.push(tool_delta(index, &piece)?);
                }
            }
        }
        frames.push(block_stop(index)?);
    }
    frames.push(message_stop(&answer.stop_reason)?);
    frames.push(metadata(Some(answer.usage), latency_ms)?);
    Ok(frames)
}

/// The JSON text of a tool's input as a stream carries it: a call without arguments has no text at all.
fn argument_text(input: &Value) -> String {
    match input.as_object().is_some_and(serde_json::Map::is_empty) {
        true => String::new(),
        false => input.to_string(),
    }
}

/// The text, cut into `count` pieces of about the same size, or into pieces of a fixed size.
pub(crate) fn pieces(text: &str, count: Option<usize>) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let size = count.map_or(DELTA_CHARS, |count| chars.len().div_ceil(count.max(1)).max(1));
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}
