//! A streamed answer between us and the Lambda runtime. The one who makes it must not depend on the one who sends it:
//! the runtime drops what it sends when the connection breaks, and the work behind it must go on.

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
    /// The body, as it comes.
    pub(crate) chunks: Chunks,
    /// What makes the body. It ends by itself, also when nobody takes the chunks.
    pub(crate) work: BoxFuture<'static, ()>,
}

/// The body of a streamed answer, where it is sent. It never fails: the runtime would send the failure's text to the
/// client, as a part of the body.
pub(crate) struct Chunks(pub(crate) Receiver<Vec<u8>>);

impl Stream for Chunks {
    type Item = Result<Vec<u8>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
