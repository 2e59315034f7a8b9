//! A model that answers from a script and remembers its calls. It can be held, so that a test can act while the model
//! works.

use futures_util::stream::{self, StreamExt};
use ports::{
    BoxFuture, Delta, EmbeddingCall, EmbeddingFailure, EmbeddingGateway, Embeddings, ModelAnswer, ModelCall,
    ModelError, ModelGateway, ModelStream, ReasoningContent, StopReason, StreamingModelGateway, Usage,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Answers in the order of the script. Without a scripted answer it is unavailable, or gives its constant answer.
#[derive(Debug, Default)]
pub struct ScriptedModel {
    script: Mutex<VecDeque<Result<ModelAnswer, ModelError>>>,
    always: Mutex<Option<ModelAnswer>>,
    streams: Mutex<VecDeque<Vec<Result<Delta, ModelError>>>>,
    replies: Mutex<Vec<(String, ModelAnswer)>>,
    calls: Mutex<Vec<ModelCall>>,
    embedding_failures: Mutex<VecDeque<(usize, ModelError)>>,
    embedding_calls: Mutex<Vec<EmbeddingCall>>,
    /// The semaphore of a held model: each step takes a permit.
    gate: Mutex<Option<Arc<Semaphore>>>,
}

impl ScriptedModel {
    /// Scripts this text for the next call, with 1,000 input and 200 output tokens.
    pub fn answer(&self, text: impl Into<String>) {
        self.script(Ok(usual(text)));
    }

    /// Scripts this error for the next call.
    pub fn fail(&self, error: ModelError) {
        self.script(Err(error));
    }

    /// Scripts this outcome for the next call.
    pub fn script(&self, outcome: Result<ModelAnswer, ModelError>) {
        lock(&self.script).push_back(outcome);
    }

    /// Forgets what is left of the script.
    pub fn forget(&self) {
        lock(&self.script).clear();
    }

    /// Scripts this text for the call whose prompt contains `to`, for calls that are made at the same time and so have
    /// no order.
    pub fn reply(&self, to: impl Into<String>, text: impl Into<String>) {
        lock(&self.replies).push((to.into(), usual(text)));
    }

    /// Answers every call without a scripted answer with this text, with 1,000 input and 200 output tokens.
    pub fn always(&self, text: impl Into<String>) {
        *lock(&self.always) = Some(usual(text));
    }

    /// Scripts the parts of the next stream, which ends after them.
    pub fn stream(&self, parts: impl IntoIterator<Item = Result<Delta, ModelError>>) {
        lock(&self.streams).push_back(parts.into_iter().collect());
    }

    /// Scripts this error for the next call for vectors.
    pub fn fail_embedding(&self, error: ModelError) {
        self.fail_embedding_after(0, error);
    }

    /// Scripts the next call for vectors: it returns those of its first texts, and then this error.
    pub fn fail_embedding_after(&self, texts: usize, error: ModelError) {
        lock(&self.embedding_failures).push_back((texts, error));
    }

    /// From now on every call, and every part of a stream, waits for [`Self::let_go`].
    pub fn hold(&self) {
        *lock(&self.gate) = Some(Arc::new(Semaphore::new(0)));
    }

    /// Lets this many calls or parts of streams go on: waiting ones first, then later ones.
    pub fn let_go(&self, steps: usize) {
        if let Some(gate) = lock(&self.gate).as_ref() {
            gate.add_permits(steps);
        }
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<ModelCall> {
        lock(&self.calls).clone()
    }

    /// The models that were called, in the order of the calls.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.calls).iter().map(|call| call.model.clone()).collect()
    }

    /// Every call for vectors so far.
    pub fn embedding_calls(&self) -> Vec<EmbeddingCall> {
        lock(&self.embedding_calls).clone()
    }

    async fn next(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        lock(&self.calls).push(call.clone());
        let gate = self.gate();
        pass(gate.as_deref()).await;
        let mut replies = lock(&self.replies);
        let asks = |to: &str| call.messages.iter().any(|message| message.joined_text().contains(to));
        if let Some(at) = replies.iter().position(|(to, _)| asks(to)) {
            return Ok(replies.remove(at).1);
        }
        let next = lock(&self.script).pop_front().or_else(|| lock(&self.always).clone().map(Ok));
        next.unwrap_or_else(|| Err(ModelError::Unavailable("the script has ended".into())))
    }

    fn gate(&self) -> Option<Arc<Semaphore>> {
        lock(&self.gate).clone()
    }
}

fn usual(text: impl Into<String>) -> ModelAnswer {
    let usage = Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() };
    ModelAnswer {
        reasoning: Vec::new(),
        tool_calls: Vec::new(),
        text: text.into(),
        stop: StopReason::EndTurn,
        usage: Some(usage),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(gate: Option<&Semaphore>) {
    if let Some(gate) = gate {
        gate.acquire().await.expect("a gate that stays").forget();
    }
}

impl ModelGateway for ScriptedModel {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(self.next(call))
    }
}

/// Streams the scripted parts, or the words of a scripted answer one after the other.
impl StreamingModelGateway for ScriptedModel {
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        Box::pin(async move {
            let scripted = lock(&self.streams).pop_front();
            let parts = match scripted {
                Some(parts) => {
                    lock(&self.calls).push(call.clone());
                    parts
                }
                None => words(self.next(call).await?),
            };
            let gate = self.gate();
            let parts = stream::iter(parts).then(move |part| {
                let gate = gate.clone();
                async move {
                    pass(gate.as_deref()).await;
                    part
                }
            });
            Ok(parts.boxed())
        })
    }
}

fn words(answer: ModelAnswer) -> Vec<Result<Delta, ModelError>> {
    let reasoning = answer.reasoning.iter().cloned().flat_map(|block| match block {
        ReasoningContent::Text { text, signature } => {
            [Some(Delta::Reasoning(text)), signature.map(Delta::ReasoningSignature)]
        }
        ReasoningContent::Redacted(data) => [Some(Delta::RedactedReasoning(data)), None],
    });
    let words = answer.text.split_inclusive(' ').map(|word| Ok(Delta::Text(word.to_owned())));
    let calls = answer.tool_calls.iter().flat_map(|call| {
        let (begin, end) = call.arguments.split_at(call.arguments.len() / 2);
        let begun = Delta::ToolCall { id: call.id.clone(), name: call.name.clone() };
        let parts = [begin, end].into_iter().filter(|part| !part.is_empty());
        std::iter::once(begun).chain(parts.map(|part| Delta::Arguments(part.to_owned()))).collect::<Vec<_>>()
    });
    let reasoning = reasoning.flatten().map(Ok);
    reasoning
        .chain(words)
        .chain(calls.map(Ok))
        .chain([Ok(Delta::End { stop: answer.stop, usage: answer.usage })])
        .collect()
}

/// Vectors of two numbers: the length of the text, and 1. One token for each byte.
impl EmbeddingGateway for ScriptedModel {
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>> {
        Box::pin(async move {
            lock(&self.embedding_calls).push(call.clone());
            let gate = self.gate();
            pass(gate.as_deref()).await;
            let failure = lock(&self.embedding_failures).pop_front();
            let made = failure.as_ref().map_or(call.texts.len(), |(made, _)| *made);
            let texts = call.texts.iter().take(made);
            let part = |text: &String| Embeddings {
                vectors: vec![vec![text.len() as f32, 1.0]],
                input_tokens: Some(text.len() as u64),
            };
            let mut parts: Vec<_> = texts.map(|text| (1, Some(Ok(part(text))))).collect();
            parts.extend(failure.map(|(_, error)| (call.texts.len() - made, Some(Err(error.into())))));
            Embeddings::joined(parts)
        })
    }
}
