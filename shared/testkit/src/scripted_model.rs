//! A model that answers from a script and remembers what it was asked.

use application::ports::{BoxFuture, ModelAnswer, ModelCall, ModelError, ModelGateway, StopReason, Usage};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Answers in the order they were scripted; with none left it is unavailable.
#[derive(Debug, Default)]
pub struct ScriptedModel {
    script: Mutex<VecDeque<Result<ModelAnswer, ModelError>>>,
    calls: Mutex<Vec<ModelCall>>,
}

impl ScriptedModel {
    /// The next call gets this text, for 1,000 input and 200 output tokens.
    pub fn answer(&self, text: impl Into<String>) {
        let usage = Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() };
        self.script(Ok(ModelAnswer { text: text.into(), stop: StopReason::EndTurn, usage }));
    }

    /// The next call gets this error.
    pub fn fail(&self, error: ModelError) {
        self.script(Err(error));
    }

    /// The next call gets this.
    pub fn script(&self, outcome: Result<ModelAnswer, ModelError>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push_back(outcome);
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<ModelCall> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ModelGateway for ScriptedModel {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(async move {
            self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
            let next = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            next.unwrap_or_else(|| Err(ModelError::Unavailable("the script has ended".into())))
        })
    }
}
