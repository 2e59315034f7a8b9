//! The steps that a test scripts for the model, and a record of its calls. A step is used once, in order; nothing here
//! repeats or guesses one.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::embed::{Vectors, tokens};
use crate::failure::Failure;
use crate::wire::{Answer, AnswerBlock, Usage};

/// What happens to one model call, in either wire format. The fields combine: a step may wait, answer, and cut its
/// answer short. A step with neither status, text nor tool input changes the answer of the forwarded model (wait, cut,
/// other usage).
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
    /// Why the model stopped; absent: `end_turn` or `tool_use`.
    pub stop_reason: Option<String>,
    /// The token counts; absent: one token for four bytes.
    pub usage: Option<Usage>,
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

    /// The step's own answer or failure; `None` when it has none and the forwarded model must answer. `tool` is the
    /// tool that the request forces or offers, `request_bytes` the size of its text.
    pub(crate) fn outcome(
        &self,
        tool: Option<&str>,
        request_bytes: usize,
        call: usize,
    ) -> Option<Result<Answer, Failure>> {
        if let Some(failure) = self.failure() {
            return Some(Err(failure));
        }
        let (block, stop_reason) = if let Some(text) = &self.text {
            (AnswerBlock::Text(text.clone()), "end_turn")
        } else {
            let input = self.tool_input.clone()?;
            let Some(tool) = tool else {
                return Some(Err(Failure::validation(
                    "The script calls a tool, but the request offers none.",
                )));
            };
            (AnswerBlock::ToolUse { id: format!("tooluse_{call}"), name: tool.to_owned(), input }, "tool_use")
        };
        let usage = self.usage.unwrap_or_else(|| estimate(request_bytes, &block));
        let stop_reason = self.stop_reason.clone().unwrap_or_else(|| stop_reason.to_owned());
        Some(Ok(Answer { blocks: vec![block], stop_reason, usage }))
    }

    /// The vectors, with the token counts of this step.
    pub(crate) fn counted(&self, vectors: Vectors) -> Vectors {
        Vectors { tokens: self.usage.map_or(vectors.tokens, |usage| usage.input_tokens), ..vectors }
    }
}

/// One token for four bytes: an estimate that grows with the text, for scripts without exact counts.
fn estimate(request_bytes: usize, block: &AnswerBlock) -> Usage {
    let output = match block {
        AnswerBlock::Text(text) => text.len(),
        AnswerBlock::ToolUse { input, .. } => input.to_string().len(),
    };
    Usage { input_tokens: tokens(request_bytes), output_tokens: tokens(output), ..Usage::default() }
}

/// A model call that this server received.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The model id: percent-decoded from the path, or named by the body.
    pub model_id: String,
    /// `converse`, `converse-stream` or `invoke`; in OpenAI's format `chat/completions` or `embeddings`.
    pub operation: &'static str,
    /// The request body; null when it was not JSON.
    pub body: Value,
    /// When it arrived: RFC 3339, UTC.
    pub time: String,
}

/// The script is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A step has more than one of status, text and tool input.
    #[error("step {0} has more than one of status, text and tool_input")]
    Ambiguous(usize),
    /// A step has no answer, and there is no model to forward to.
    #[error("step {0} has neither status, text nor tool_input, and no model is forwarded to")]
    NoAnswer(usize),
    /// The status is not an error.
    #[error("step {0} has a status outside 400-599")]
    NotAnError(usize),
    /// A field has no effect in this step.
    #[error("step {0} has {1}, which does nothing there")]
    Useless(usize, &'static str),
}

/// The steps that are left and the calls so far.
#[derive(Debug, Default)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    calls: Vec<Call>,
}

impl Script {
    /// Appends steps. Appends none of them if one is invalid.
    pub(crate) fn add(&mut self, steps: Vec<Step>, forwards: bool) -> Result<(), ScriptError> {
        for (at, step) in steps.iter().enumerate() {
            check(at, step, forwards)?;
        }
        self.steps.extend(steps);
        Ok(())
    }

    /// Takes the first step that applies to this model and kind of call.
    pub(crate) fn take(&mut self, model_id: &str, embedding: bool) -> Option<Step> {
        let applies = |step: &Step| {
            step.embedding == embedding && step.model.as_deref().is_none_or(|model| model == model_id)
        };
        let at = self.steps.iter().position(applies)?;
        self.steps.remove(at)
    }

    /// Records a call and returns its number, from 1.
    pub(crate) fn record(&mut self, call: Call) -> usize {
        self.calls.push(call);
        self.calls.len()
    }

    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn steps_left(&self) -> usize {
        self.steps.len()
    }

    pub(crate) fn clear(&mut self) {
        *self = Script::default();
    }
}

fn check(at: usize, step: &Step, forwards: bool) -> Result<(), ScriptError> {
    let answers = [step.status.is_some(), step.text.is_some(), step.tool_input.is_some()];
    let useless = |field| Err(ScriptError::Useless(at, field));
    if step.embedding {
        let given = [
            ("text", step.text.is_some()),
            ("tool_input", step.tool_input.is_some()),
            ("stop_reason", step.stop_reason.is_some()),
            ("chunks", step.chunks.is_some()),
            ("chunk_delay_ms", step.chunk_delay_ms.is_some()),
        ];
        if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
            return useless(field);
        }
    }
    let answered = step.text.is_some() || step.tool_input.is_some();
    if step.chunks == Some(0) || (step.chunks.is_some() && !answered) {
        return useless("chunks");
    }
    if step.chunk_delay_ms.is_some() && !answered {
        return useless("chunk_delay_ms");
    }
    match answers.into_iter().filter(|given| *given).count() {
        0 if step.embedding => {}
        0 if !forwards => return Err(ScriptError::NoAnswer(at)),
        0 if step.stop_reason.is_some() => return useless("stop_reason"),
        0 | 1 => {}
        _ => return Err(ScriptError::Ambiguous(at)),
    }
    match step.status {
        Some(status) if !(400..600).contains(&status) => Err(ScriptError::NotAnError(at)),
        Some(_) if step.usage.is_some() => useless("usage"),
        Some(_) if step.stop_reason.is_some() => useless("stop_reason"),
        None if step.retry_after.is_some() => useless("retry_after"),
        None if step.message.is_some() => useless("message"),
        _ => Ok(()),
    }
}
