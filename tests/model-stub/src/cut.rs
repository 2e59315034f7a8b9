//! A response body that breaks off: it passes a number of bytes on and then fails, so that the connection is closed in
//! the middle of an answer. It must never end cleanly: the answer would then be short and not broken.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::Sleep;

/// The reason why a response body broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("cut as scripted")]
    Cut,
    #[error("the model's answer broke off")]
    Upstream(#[source] hyper::Error),
    #[error(transparent)]
    Frame(#[from] crate::frames::FrameError),
}

/// The body of every response of this server.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, BodyError>;

/// How long the bytes before the cut have to leave: the connection is flushed while the body waits.
const FLUSH: Duration = Duration::from_millis(20);

/// `inner`, broken off after `left` bytes.
pub(crate) struct CutBody {
    inner: ResponseBody,
    left: usize,
    /// Set once `inner` has more bytes than may pass: the wait before the connection breaks.
    pause: Option<Pin<Box<Sleep>>>,
}

impl CutBody {
    pub(crate) fn new(inner: ResponseBody, after: usize) -> Self {
        CutBody { inner, left: after, pause: None }
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.pause.is_none() {
            let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(cx)?) else {
                return Poll::Ready(None);
            };
            let Ok(data) = frame.into_data() else {
                return Poll::Ready(None);
            };
            let passed = data.slice(..data.len().min(this.left));
            this.left -= passed.len();
            if passed.len() < data.len() {
                this.pause = Some(Box::pin(tokio::time::sleep(FLUSH)));
            }
            if !passed.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(passed))));
            }
        }
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(cx));
        }
        Poll::Ready(Some(Err(BodyError::Cut)))
    }

    /// The length of the whole body, because the head must promise more than the connection delivers.
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
