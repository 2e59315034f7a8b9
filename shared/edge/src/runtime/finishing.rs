//! Holds back the next invocation until the work behind a streamed answer is done.
//!
//! The Lambda runtime asks for the next event as soon as the Runtime API has answered, or the connection to it has broken;
//! a break ends the runtime even. Lambda freezes a process that waits for an event, so what such an answer still had to do
//! would stand still, or be lost. A broken answer is therefore no reason to stop, but one to finish first.

use lambda_runtime::{Error, LambdaInvocation, Service};
use ports::BoxFuture;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::task::JoinHandle;

/// The work of the invocation that is being served, if its answer is streamed.
#[derive(Clone, Default)]
pub(super) struct Unfinished(Rc<Cell<Option<JoinHandle<()>>>>);

impl Unfinished {
    /// Starts it.
    pub(super) fn start(&self, work: BoxFuture<'static, ()>) {
        self.0.set(Some(tokio::spawn(work)));
    }
}

/// The runtime's own service, and then the wait for what is unfinished.
pub(super) struct Finishing<S> {
    inner: S,
    unfinished: Unfinished,
}

impl<S> Finishing<S> {
    pub(super) fn new(inner: S, unfinished: Unfinished) -> Self {
        Self { inner, unfinished }
    }
}

impl<S> Service<LambdaInvocation> for Finishing<S>
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
            // It catches its own panics, and nobody aborts it. The runtime has logged why the answer was not taken; when
            // the Runtime API is gone for good, asking for the next event fails and stops the function.
            let _done = work.await;
            Ok(())
        })
    }
}
