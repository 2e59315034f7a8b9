//! The scripted model with a gate: while the gate is closed, a call is recorded and waits.

use ports::{
    BoxFuture, EmbeddingCall, EmbeddingFailure, EmbeddingGateway, Embeddings, ModelAnswer, ModelCall,
    ModelError, ModelGateway, ModelStream, StreamingModelGateway,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use testkit::ScriptedModel;
use tokio::sync::Notify;

/// Answers from a script while its gate is open.
#[derive(Debug, Default)]
pub struct HeldModel {
    /// The script of the answers, and the recorded calls.
    pub script: ScriptedModel,
    shut: AtomicBool,
    waiting: AtomicUsize,
    changed: Notify,
}

impl HeldModel {
    /// Closes the gate.
    pub fn hold(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    /// Opens the gate.
    pub fn release(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Waits until a call waits at the gate.
    pub async fn reached(&self) {
        while self.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

impl HeldModel {
    async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        loop {
            let changed = self.changed.notified();
            if !self.shut.load(Ordering::SeqCst) {
                break;
            }
            changed.await;
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ModelGateway for HeldModel {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(async move {
            self.pass().await;
            self.script.converse(call).await
        })
    }
}

impl StreamingModelGateway for HeldModel {
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        Box::pin(async move {
            self.pass().await;
            self.script.converse_stream(call).await
        })
    }
}

impl EmbeddingGateway for HeldModel {
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>> {
        Box::pin(async move {
            self.pass().await;
            self.script.embed(call).await
        })
    }
}
