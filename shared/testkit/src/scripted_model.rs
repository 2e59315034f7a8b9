//! A model that answers from a script and remembers what it was asked.

use application::ports::{
    BoxFuture, Delta, EmbeddingCall, EmbeddingGateway, Embeddings, ModelAnswer, ModelCall, ModelError,
    ModelGateway, ModelStream, StopReason, StreamingModelGateway, Usage,
};
use futures_util::stream::{self, StreamExt};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Answers in the order they were scripted; with none left it is unavailable.
#[derive(Debug, Default)]
pub struct ScriptedModel {
    script: Mutex<VecDeque<Result<ModelAnswer, ModelError>>>,
    calls: Mutex<Vec<ModelCall>>,
    otherwise: Mutex<Option<String>>,
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

    /// Calls that find no script get this text.
    pub fn otherwise(&self, text: impl Into<String>) {
        *self.otherwise.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.into());
    }

    fn spontaneous(&self) -> Option<ModelAnswer> {
        let text = self.otherwise.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let usage = Usage { input_tokens: 10, output_tokens: 2, ..Usage::default() };
        Some(ModelAnswer { text, stop: StopReason::EndTurn, usage })
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
            next.or_else(|| self.spontaneous().map(Ok))
                .unwrap_or_else(|| Err(ModelError::Unavailable("the script has ended".into())))
        })
    }
}

/// A scripted answer in pieces: its words, one after the other.
impl StreamingModelGateway for ScriptedModel {
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        Box::pin(async move {
            let answer = self.converse(call).await?;
            let words: Vec<_> =
                answer.text.split_inclusive(' ').map(|word| Ok(Delta::Text(word.to_owned()))).collect();
            let end = Delta::End { stop: answer.stop, usage: answer.usage };
            Ok(stream::iter(words.into_iter().chain([Ok(end)])).boxed())
        })
    }
}

/// Vectors of two numbers: the length of the text and 1, for as many tokens as there are bytes.
impl EmbeddingGateway for ScriptedModel {
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, ModelError>> {
        Box::pin(async move {
            let lengths: Vec<usize> = call.texts.iter().map(String::len).collect();
            let vectors = lengths.iter().map(|length| vec![*length as f32, 1.0]).collect();
            Ok(Embeddings { vectors, input_tokens: lengths.iter().sum::<usize>() as u64 })
        })
    }
}
