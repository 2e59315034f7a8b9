//! The steps that a test scripts for the model, and a record of its calls. A step is used once, in order; nothing here
//! repeats or guesses one.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::step::Step;

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
    /// A step has more than one of status, text (or calls of tools) and tool input.
    #[error("step {0} has more than one of status, text with tool_calls, and tool_input")]
    Ambiguous(usize),
    /// A step has no answer, and there is no model to forward to.
    #[error("step {0} has neither status, text, tool_calls nor tool_input, and no model is forwarded to")]
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
    // Text may stand before calls of tools.
    let answer = step.text.is_some() || !step.tool_calls.is_empty();
    let answers = [step.status.is_some(), answer, step.tool_input.is_some()];
    let useless = |field| Err(ScriptError::Useless(at, field));
    if step.embedding {
        let given = [
            ("text", step.text.is_some()),
            ("tool_input", step.tool_input.is_some()),
            ("tool_calls", !step.tool_calls.is_empty()),
            ("stop_reason", step.stop_reason.is_some()),
            ("chunks", step.chunks.is_some()),
            ("chunk_delay_ms", step.chunk_delay_ms.is_some()),
        ];
        if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
            return useless(field);
        }
    }
    let answered = step.answers();
    if step.reasoning.is_some() && !answered {
        return useless("reasoning");
    }
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
