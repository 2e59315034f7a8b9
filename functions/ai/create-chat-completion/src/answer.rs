//! Turns a streamed completion into OpenAI's format: server-sent events with the role, the text as it comes, the finish
//! reason, the token counts if they were asked for, and `[DONE]`.

use application_ai::gateway::{StreamEnd, StreamEvent, Streamed};
use contracts::openai::{
    ChatChunk, ChatUsage, ChunkChoice, ChunkDelta, CustomToolDelta, ErrorBody, ErrorDetail, FunctionDelta,
    ThinkingBlock, ToolCallDelta,
};
use edge::Problem;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::Serialize;
use wiring_ai::chat::{CUSTOM, FUNCTION, finish_reason, usage};
use wiring_ai::{CustomTools, input_of};

/// The events of a streamed answer.
pub(crate) fn events(
    answer: Streamed,
    created: i64,
    tells_usage: bool,
    custom_tools: CustomTools,
) -> BoxStream<'static, Result<Vec<u8>, Problem>> {
    let (id, model) = (answer.head.request_id.to_string(), answer.head.model);
    let mut writer =
        ChunkWriter { id, created, model, tells_usage, custom_tools, calls: 0, thoughts: 0, input: None };
    let role = ChunkDelta {
        role: Some("assistant".to_owned()),
        content: Some(String::new()),
        ..ChunkDelta::default()
    };
    let first = writer.delta(role);
    let rest = answer.events.map(move |part| writer.write(part));
    stream::iter([first]).chain(rest).boxed()
}

/// Writes the parts of a completion as chunks.
struct ChunkWriter {
    id: String,
    created: i64,
    model: String,
    tells_usage: bool,
    custom_tools: CustomTools,
    /// The number of calls so far.
    calls: usize,
    /// The number of whole parts of the reasoning so far.
    thoughts: usize,
    /// The arguments so far of the call of a custom tool, whose input is known when they are whole.
    input: Option<String>,
}

impl ChunkWriter {
    fn write(&mut self, part: StreamEvent) -> Result<Vec<u8>, Problem> {
        let delta = match part {
            StreamEvent::Arguments(json) => match &mut self.input {
                Some(input) => {
                    input.push_str(&json);
                    return Ok(Vec::new());
                }
                None => self.function_delta(None, FunctionDelta { name: None, arguments: Some(json) }),
            },
            // What has arrived of an input is none.
            StreamEvent::Broken => return broke_off(),
            part => return self.write_after_input(part),
        };
        self.delta(delta)
    }

    /// Ends the call of a custom tool, if it is open, and writes another part.
    fn write_after_input(&mut self, part: StreamEvent) -> Result<Vec<u8>, Problem> {
        let mut sent = match self.input.take() {
            Some(arguments) => {
                let custom = CustomToolDelta { name: None, input: Some(input_of(&arguments)) };
                let delta = self.custom_delta(None, custom);
                self.delta(delta)?
            }
            None => Vec::new(),
        };
        let delta = match part {
            StreamEvent::Text(text) => ChunkDelta { content: Some(text), ..ChunkDelta::default() },
            StreamEvent::Reasoning(text) => self.thinking_delta(text, None),
            StreamEvent::ReasoningSignature(signature) => {
                let delta = self.thinking_delta(String::new(), Some(signature));
                self.thoughts += 1;
                delta
            }
            StreamEvent::RedactedReasoning(data) => {
                let block = ThinkingBlock::RedactedThinking { data, index: Some(self.thoughts) };
                self.thoughts += 1;
                reasoning_delta(String::new(), block)
            }
            StreamEvent::ToolCall { id, name } if self.custom_tools.has(&name) => {
                self.calls += 1;
                self.input = Some(String::new());
                self.custom_delta(Some(id), CustomToolDelta { name: Some(name), input: Some(String::new()) })
            }
            StreamEvent::ToolCall { id, name } => {
                self.calls += 1;
                let function = FunctionDelta { name: Some(name), arguments: Some(String::new()) };
                self.function_delta(Some(id), function)
            }
            StreamEvent::End(end) => {
                sent.extend(self.end(&end)?);
                return Ok(sent);
            }
            StreamEvent::Arguments(_) | StreamEvent::Broken => return Ok(sent),
        };
        sent.extend(self.delta(delta)?);
        Ok(sent)
    }

    fn end(&self, end: &StreamEnd) -> Result<Vec<u8>, Problem> {
        let reason = finish_reason(end.stop).to_owned();
        let mut last = self.chunk(vec![choice(ChunkDelta::default(), Some(reason))], None)?;
        if self.tells_usage {
            last.extend(self.chunk(Vec::new(), Some(usage(&end.tokens, end.reasoning_tokens)))?);
        }
        last.extend_from_slice(b"data: [DONE]\n\n");
        Ok(last)
    }

    fn delta(&self, delta: ChunkDelta) -> Result<Vec<u8>, Problem> {
        self.chunk(vec![choice(delta, None)], None)
    }

    fn chunk(&self, choices: Vec<ChunkChoice>, usage: Option<ChatUsage>) -> Result<Vec<u8>, Problem> {
        event(&ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: self.created,
            model: self.model.clone(),
            choices,
            usage,
        })
    }

    /// A part of the last call of a function; the first one has its id.
    fn function_delta(&self, id: Option<String>, function: FunctionDelta) -> ChunkDelta {
        let kind = id.is_some().then(|| FUNCTION.to_owned());
        self.call_delta(ToolCallDelta { index: 0, id, kind, function: Some(function), custom: None })
    }

    /// A part of the last call of a custom tool; the first one has its id.
    fn custom_delta(&self, id: Option<String>, custom: CustomToolDelta) -> ChunkDelta {
        let kind = id.is_some().then(|| CUSTOM.to_owned());
        self.call_delta(ToolCallDelta { index: 0, id, kind, function: None, custom: Some(custom) })
    }

    fn call_delta(&self, part: ToolCallDelta) -> ChunkDelta {
        let part = ToolCallDelta { index: self.calls.saturating_sub(1), ..part };
        ChunkDelta { tool_calls: Some(vec![part]), ..ChunkDelta::default() }
    }

    /// A part of reasoning that can be read. LiteLLM's clients expect a text beside each block.
    fn thinking_delta(&self, text: String, signature: Option<String>) -> ChunkDelta {
        let block = ThinkingBlock::Thinking { thinking: text.clone(), signature, index: Some(self.thoughts) };
        reasoning_delta(text, block)
    }
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

fn reasoning_delta(text: String, block: ThinkingBlock) -> ChunkDelta {
    let (reasoning_content, thinking_blocks) = (Some(text), Some(vec![block]));
    ChunkDelta { reasoning_content, thinking_blocks, ..ChunkDelta::default() }
}

fn choice(delta: ChunkDelta, finish_reason: Option<String>) -> ChunkChoice {
    ChunkChoice { index: 0, delta, finish_reason, logprobs: None }
}

/// A server-sent event. JSON has no line breaks outside of strings, and only escaped ones in them.
fn event(data: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let json = serde_json::to_string(data).map_err(Problem::internal)?;
    Ok(format!("data: {json}\n\n").into_bytes())
}
