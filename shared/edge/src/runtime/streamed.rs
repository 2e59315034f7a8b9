//! A streamed answer between a handler and the Lambda runtime. The work that makes it must not depend on the sender:
//! the runtime drops the sender when the connection breaks, and the work must go on.

use futures_util::Stream;
use lambda_runtime::MetadataPrelude;
use ports::BoxFuture;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::Receiver;

/// A streamed answer.
pub(crate) struct Streamed {
    /// Status and headers.
    pub(crate) prelude: MetadataPrelude,
    /// The body, in pieces.
    pub(crate) chunks: Chunks,
    /// The work that makes the body. It ends by itself, even when the chunks are not taken.
    pub(crate) work: BoxFuture<'static, ()>,
}

/// The body of a streamed answer, on the sender's side. It never fails: the runtime would send the text of a failure to
/// the client, as a part of the body.
pub(crate) struct Chunks(pub(crate) Receiver<Vec<u8>>);

impl Stream for Chunks {
    type Item = Result<Vec<u8>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
