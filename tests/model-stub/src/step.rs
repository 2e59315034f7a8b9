//! One step of a script: what happens to one model call. It must never answer with a tool that the request does not
//! offer.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::embed::{Vectors, tokens};
use crate::failure::Failure;
use crate::wire::{Answer, AnswerBlock, Usage};

/// What happens to one model call, in either wire format. The fields combine: a step may wait, answer, and cut its
/// answer short. A step with neither status, text, calls of tools nor tool input changes the answer of the forwarded model
/// (wait, cut, other usage).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// The step is only for calls of this model id; absent: for any model.
    pub model: Option<String>,
    /// The step is only for calls that ask for vectors; such calls use no other steps. It needs no answer, because
    /// vectors are computed.
    pub embedding: bool,
    /// Fail with this HTTP status (400 to 599) and the error type that the wire format has for it, if any.
    pub status: Option<u16>,
    /// The text of the failure, for failures that are told apart by it (`Input is too long for requested model.`).
    pub message: Option<String>,
    /// Seconds for the failure's `Retry-After` header.
    pub retry_after: Option<u64>,
    /// Wait this long (milliseconds) before anything is answered.
    pub delay_ms: Option<u64>,
    /// Close the connection after this many bytes of the body. A shorter body arrives whole.
    pub cut_after_bytes: Option<usize>,
    /// Answer exactly this text.
    pub text: Option<String>,
    /// Cut the text or tool input into this many pieces when it is streamed; absent: 24 characters a piece.
    pub chunks: Option<usize>,
    /// Wait this long (milliseconds) between any two events of a stream.
    pub chunk_delay_ms: Option<u64>,
    /// Answer with this input for the tool that the request forces, otherwise for its first tool. In OpenAI's format:
    /// with this JSON for the schema of the request.
    pub tool_input: Option<Value>,
    /// Answer by calling these tools of the request, after the text if there is one.
    pub tool_calls: Vec<ToolCallStep>,
    /// Show these thoughts before anything else of the answer.
    pub reasoning: Option<String>,
    /// Why the model stopped; absent: `end_turn` or `tool_use`.
    pub stop_reason: Option<String>,
    /// The token counts; absent: one token for four bytes.
    pub usage: Option<Usage>,
}

/// A call of one tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolCallStep {
    /// Absent: an id with the number of the model call.
    pub id: Option<String>,
    /// Absent: the tool that the request forces, otherwise its first tool.
    pub name: Option<String>,
    /// The arguments; absent: none.
    pub input: Value,
}

/// The tools that a request offers.
#[derive(Debug, Default)]
pub(crate) struct OfferedTools<'a> {
    /// The tool that the request forces, otherwise its first tool.
    pub(crate) default: Option<&'a str>,
    pub(crate) names: Vec<&'a str>,
}

impl Step {
    /// Answers with exactly this text.
    pub fn text(text: impl Into<String>) -> Self {
        Step { text: Some(text.into()), ..Step::default() }
    }

    /// Answers by calling the tool of the request with this input.
    pub fn tool_input(input: Value) -> Self {
        Step { tool_input: Some(input), ..Step::default() }
    }

    /// Fails with this HTTP status (400 to 599).
    pub fn status(status: u16) -> Self {
        Step { status: Some(status), ..Step::default() }
    }

    /// A step for a call that asks for vectors.
    pub fn embedding() -> Self {
        Step { embedding: true, ..Step::default() }
    }

    /// Limits the step to calls that ask for vectors.
    pub fn for_embeddings(self) -> Self {
        Step { embedding: true, ..self }
    }

    /// Streams the answer in this many pieces, and waits this long (milliseconds) between any two events.
    pub fn with_chunks(self, chunks: usize, delay_ms: u64) -> Self {
        Step { chunks: Some(chunks), chunk_delay_ms: Some(delay_ms), ..self }
    }

    /// Sets the text of the failure.
    pub fn with_message(self, message: impl Into<String>) -> Self {
        Step { message: Some(message.into()), ..self }
    }

    /// Sets the failure's `Retry-After`, in seconds.
    pub fn with_retry_after(self, seconds: u64) -> Self {
        Step { retry_after: Some(seconds), ..self }
    }

    /// Waits before answering, in milliseconds.
    pub fn with_delay_ms(self, milliseconds: u64) -> Self {
        Step { delay_ms: Some(milliseconds), ..self }
    }

    /// Closes the connection after this many bytes of the body.
    pub fn with_cut_after_bytes(self, bytes: usize) -> Self {
        Step { cut_after_bytes: Some(bytes), ..self }
    }

    /// Sets why the model stopped, for example `max_tokens`.
    pub fn with_stop_reason(self, reason: impl Into<String>) -> Self {
        Step { stop_reason: Some(reason.into()), ..self }
    }

    /// Sets the token counts.
    pub fn with_usage(self, usage: Usage) -> Self {
        Step { usage: Some(usage), ..self }
    }

    /// Limits the step to calls of one model id.
    pub fn for_model(self, model: impl Into<String>) -> Self {
        Step { model: Some(model.into()), ..self }
    }

    /// The step's failure, if it is one.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let status = self.status?;
        let message = self.message.clone().unwrap_or_else(|| format!("scripted failure {status}"));
        Some(Failure { retry_after: self.retry_after, ..Failure::of_status(status, message) })
    }

    /// The step's own answer or failure; `None` when it has none and the forwarded model must answer. `request_bytes` is
    /// the size of the request's text.
    pub(crate) fn outcome(
        &self,
        tools: &OfferedTools<'_>,
        request_bytes: usize,
        call: usize,
    ) -> Option<Result<Answer, Failure>> {
        if let Some(failure) = self.failure() {
            return Some(Err(failure));
        }
        if !self.answers() {
            return None;
        }
        let mut blocks: Vec<AnswerBlock> =
            self.reasoning.iter().cloned().map(AnswerBlock::Reasoning).collect();
        blocks.extend(self.text.iter().cloned().map(AnswerBlock::Text));
        for tool_call in self.called(call) {
            match tool_call.block(tools) {
                Ok(block) => blocks.push(block),
                Err(failure) => return Some(Err(failure)),
            }
        }
        let calls_tool = blocks.iter().any(|block| matches!(block, AnswerBlock::ToolUse { .. }));
        let usual = if calls_tool { "tool_use" } else { "end_turn" };
        let stop_reason = self.stop_reason.clone().unwrap_or_else(|| usual.to_owned());
        let usage = self.usage.unwrap_or_else(|| estimate(request_bytes, &blocks));
        Some(Ok(Answer { blocks, stop_reason, usage }))
    }

    /// Whether the step has an answer of its own.
    pub(crate) fn answers(&self) -> bool {
        self.text.is_some() || self.tool_input.is_some() || !self.tool_calls.is_empty()
    }

    /// The calls of tools, each with an id.
    fn called(&self, call: usize) -> Vec<ToolCallStep> {
        if let Some(input) = &self.tool_input {
            return vec![ToolCallStep {
                id: Some(format!("tooluse_{call}")),
                name: None,
                input: input.clone(),
            }];
        }
        let with_id = |(at, tool_call): (usize, &ToolCallStep)| {
            let id = tool_call.id.clone().unwrap_or_else(|| format!("tooluse_{call}_{at}"));
            ToolCallStep { id: Some(id), ..tool_call.clone() }
        };
        self.tool_calls.iter().enumerate().map(with_id).collect()
    }

    /// The vectors, with the token counts of this step.
    pub(crate) fn counted(&self, vectors: Vectors) -> Vectors {
        Vectors { tokens: self.usage.map_or(vectors.tokens, |usage| usage.input_tokens), ..vectors }
    }
}

impl ToolCallStep {
    /// Fails when the request does not offer the tool, so that its test notices.
    fn block(self, tools: &OfferedTools<'_>) -> Result<AnswerBlock, Failure> {
        let Some(name) = self.name.as_deref().or(tools.default) else {
            return Err(Failure::validation("The script calls a tool, but the request offers none."));
        };
        if !tools.names.contains(&name) {
            let offered = tools.names.join(", ");
            let message =
                format!("The script calls the tool {name}, but the request offers these: {offered}.");
            return Err(Failure::validation(message));
        }
        let id = self.id.unwrap_or_default();
        let input = if self.input.is_null() { json!({}) } else { self.input };
        Ok(AnswerBlock::ToolUse { id, name: name.to_owned(), input })
    }
}

/// One token for four bytes: an estimate that grows with the text, for scripts without exact counts.
fn estimate(request_bytes: usize, blocks: &[AnswerBlock]) -> Usage {
    let output = blocks.iter().map(|block| match block {
        AnswerBlock::Text(text) | AnswerBlock::Reasoning(text) => text.len(),
        AnswerBlock::ToolUse { input, .. } => input.to_string().len(),
    });
    Usage { input_tokens: tokens(request_bytes), output_tokens: tokens(output.sum()), ..Usage::default() }
}
