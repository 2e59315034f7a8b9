//! The body of a streamed answer in a test, as the client would receive it. For tests only.

use crate::runtime;
use futures_util::Stream;
use ports::BoxFuture;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The chunks of a body, made while they are taken. The end comes when the work behind the body is done.
#[derive(Default)]
pub struct Chunks {
    chunks: Option<runtime::Chunks>,
    work: Option<BoxFuture<'static, ()>>,
}

impl Chunks {
    pub(super) fn new(chunks: runtime::Chunks, work: BoxFuture<'static, ()>) -> Self {
        Self { chunks: Some(chunks), work: Some(work) }
    }

    /// Closes the connection, as a client does; returns when the work behind the answer is done.
    pub async fn leave(self) {
        drop(self.chunks);
        if let Some(work) = self.work {
            work.await;
        }
    }

    /// Keeps the connection and takes nothing more; returns when the work behind the answer is done.
    pub async fn stall(self) {
        if let Some(work) = self.work {
            work.await;
        }
    }
}

impl Stream for Chunks {
    type Item = Vec<u8>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let working = self.work.as_mut().is_some_and(|work| work.as_mut().poll(context).is_pending());
        if !working {
            self.work = None;
        }
        match self.chunks.as_mut().map(|chunks| chunks.0.poll_recv(context)) {
            Some(Poll::Ready(Some(chunk))) => Poll::Ready(Some(chunk)),
            Some(Poll::Pending) => Poll::Pending,
            None | Some(Poll::Ready(None)) if working => Poll::Pending,
            None | Some(Poll::Ready(None)) => Poll::Ready(None),
        }
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chunks(..)")
    }
}
