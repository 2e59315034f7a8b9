//! Delays the next invocation until the work behind a streamed answer is done.
//!
//! The Lambda runtime asks for the next event as soon as the Runtime API has answered or the connection to it has
//! broken; a broken connection even ends the runtime. Lambda freezes a process that waits for an event, so the
//! remaining work of such an answer would be suspended or lost. A broken answer is therefore a reason to finish the
//! work first, and not to stop.

use lambda_runtime::{Error, LambdaInvocation, Service};
use ports::BoxFuture;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::task::JoinHandle;

/// The work of the current invocation, if its answer is streamed.
#[derive(Clone, Default)]
pub(super) struct Unfinished(Rc<Cell<Option<JoinHandle<()>>>>);

impl Unfinished {
    /// Starts the work.
    pub(super) fn start(&self, work: BoxFuture<'static, ()>) {
        self.0.set(Some(tokio::spawn(work)));
    }
}

/// The runtime's own service, followed by the wait for unfinished work.
pub(super) struct FinishingService<S> {
    inner: S,
    unfinished: Unfinished,
}

impl<S> FinishingService<S> {
    pub(super) fn new(inner: S, unfinished: Unfinished) -> Self {
        Self { inner, unfinished }
    }
}

impl<S> Service<LambdaInvocation> for FinishingService<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let answered = self.inner.call(invocation);
        let unfinished = self.unfinished.clone();
        Box::pin(async move {
            let answered = answered.await;
            let Some(work) = unfinished.0.take() else { return answered };
            // The work catches its own panics and is never aborted. The runtime has logged why the answer was not
            // accepted; when the Runtime API is gone for good, asking for the next event fails and stops the function.
            let _done = work.await;
            Ok(())
        })
    }
}
