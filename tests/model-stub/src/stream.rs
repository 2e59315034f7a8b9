//! Translates chat-completion chunks into ConverseStream events, one chunk at a time. Nothing is held back: a delta
//! becomes a frame as soon as it arrives. A stream that ends without a finish reason ends with an exception, and never
//! looks like a whole answer.

use std::collections::VecDeque;
use std::time::Instant;

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::frames::{self, FrameError};
use crate::translate::{ChatUsage, stop_reason, tool_use_id};
use crate::wire::Usage;

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    id: String,
    #[serde(default)]
    choices: Vec<ChunkChoice>,
    usage: Option<ChatUsage>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct ChunkChoice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    content: Option<String>,
    tool_calls: Option<Vec<ToolCallDelta>>,
}

#[derive(Debug, Deserialize)]
struct ToolCallDelta {
    #[serde(default)]
    index: u64,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Debug, Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<String>,
}

/// The open block, whose stop event has not been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    /// The text of a forced tool's input.
    ForcedTool,
    /// The model's own tool call, by its index in the chunks.
    ToolCall(u64),
}

/// Translates one stream.
#[derive(Debug)]
pub(crate) struct StreamTranslator {
    forced_tool: Option<String>,
    usage_override: Option<Usage>,
    started_at: Instant,
    started: bool,
    open: Option<Open>,
    /// The index of the open block, or of the next one.
    index: u64,
    called_tool: bool,
    finish_reason: Option<String>,
    usage: Option<Usage>,
    done: bool,
}

impl StreamTranslator {
    pub(crate) fn new(
        forced_tool: Option<String>,
        usage_override: Option<Usage>,
        started_at: Instant,
    ) -> Self {
        StreamTranslator {
            forced_tool,
            usage_override,
            started_at,
            started: false,
            open: None,
            index: 0,
            called_tool: false,
            finish_reason: None,
            usage: None,
            done: false,
        }
    }

    /// Whether the last frame was produced.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// The frames for the data of one server-sent event.
    pub(crate) fn on_data(&mut self, data: &str, out: &mut VecDeque<Bytes>) -> Result<(), FrameError> {
        if self.done {
            return Ok(());
        }
        if data.trim() == "[DONE]" {
            return self.on_end(out);
        }
        let Ok(chunk) = serde_json::from_str::<Chunk>(data) else {
            return self.fail("The model's stream has an event that can't be read.", 502, out);
        };
        if chunk.error.is_some() {
            return self.fail("The model failed in the middle of its answer.", 500, out);
        }
        self.start(out)?;
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        let Some(choice) = chunk.choices.into_iter().next() else {
            return Ok(());
        };
        if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
            self.text(&chunk.id, &text, out)?;
        }
        for call in choice.delta.tool_calls.unwrap_or_default() {
            self.tool_call(call, out)?;
            if self.done {
                return Ok(());
            }
        }
        if choice.finish_reason.is_some() {
            self.finish_reason = choice.finish_reason;
        }
        Ok(())
    }

    /// The frames for the end of the stream.
    pub(crate) fn on_end(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), FrameError> {
        if self.done {
            return Ok(());
        }
        let Some(finish_reason) = self.finish_reason.take() else {
            return self.fail("The model's stream ended before its answer did.", 502, out);
        };
        self.close(out)?;
        out.push_back(frames::message_stop(stop_reason(Some(&finish_reason), self.called_tool))?);
        let latency = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        out.push_back(frames::metadata(self.usage_override.or(self.usage), latency)?);
        self.done = true;
        Ok(())
    }

    /// The exception that ends a stream; `original_status` is the status that the failure would have had as a response.
    pub(crate) fn fail(
        &mut self,
        message: &str,
        original_status: u16,
        out: &mut VecDeque<Bytes>,
    ) -> Result<(), FrameError> {
        self.done = true;
        let payload =
            json!({ "message": message, "originalMessage": message, "originalStatusCode": original_status });
        out.push_back(frames::exception("modelStreamErrorException", &payload)?);
        Ok(())
    }

    fn start(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), FrameError> {
        if !self.started {
            self.started = true;
            out.push_back(frames::message_start()?);
        }
        Ok(())
    }

    fn close(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), FrameError> {
        if self.open.take().is_some() {
            out.push_back(frames::block_stop(self.index)?);
            self.index += 1;
        }
        Ok(())
    }

    fn text(&mut self, completion_id: &str, text: &str, out: &mut VecDeque<Bytes>) -> Result<(), FrameError> {
        let wanted = if self.forced_tool.is_some() { Open::ForcedTool } else { Open::Text };
        if self.open != Some(wanted) {
            self.close(out)?;
            self.open = Some(wanted);
            if let Some(tool) = &self.forced_tool {
                self.called_tool = true;
                out.push_back(frames::tool_start(self.index, &tool_use_id(completion_id), tool)?);
            }
        }
        out.push_back(match wanted {
            Open::Text => frames::text_delta(self.index, text)?,
            Open::ForcedTool | Open::ToolCall(_) => frames::tool_delta(self.index, text)?,
        });
        Ok(())
    }

    fn tool_call(&mut self, call: ToolCallDelta, out: &mut VecDeque<Bytes>) -> Result<(), FrameError> {
        let (name, arguments) =
            call.function.map_or((None, None), |function| (function.name, function.arguments));
        if self.open != Some(Open::ToolCall(call.index)) {
            let (Some(id), Some(name)) = (call.id, name) else {
                return self.fail("The model's tool call has no id or no name.", 502, out);
            };
            self.close(out)?;
            self.open = Some(Open::ToolCall(call.index));
            self.called_tool = true;
            out.push_back(frames::tool_start(self.index, &id, &name)?);
        }
        if let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) {
            out.push_back(frames::tool_delta(self.index, &arguments)?);
        }
        Ok(())
    }
}
