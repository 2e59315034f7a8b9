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
        while self.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// The number of calls that wait at the gate.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

impl HeldModel {
    async fn pass(&self) {
        let _waiting = WaitingCall::new(&self.waiting);
        loop {
            let changed = self.changed.notified();
            if !self.shut.load(Ordering::SeqCst) {
                break;
            }
            changed.await;
        }
    }
}

/// A call that waits; it no longer does when it goes on or is dropped.
struct WaitingCall<'a>(&'a AtomicUsize);

impl<'a> WaitingCall<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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
