//! The answer of a streaming handler.

use crate::{Problem, Response};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use ports::LimitDecision;
use std::fmt;

/// A body in the making. Each item is sent at once, so it should be one thing that a client can use, such as one event
/// of `text/event-stream`. An empty item sends nothing: it lets a stream do its last work. A problem before the first
/// byte is the answer. A problem after that is logged, later items are not sent, and the body ends as
/// [`StreamedResponse::with_failure_end`] says.
///
/// The body is polled to its end even if the client has left, or after it has failed. It must end by itself, and do its
/// last work before [`crate::Request::deadline`], when it is dropped.
pub type Body = BoxStream<'static, Result<Vec<u8>, Problem>>;

/// An answer of a function behind a streaming integration.
#[derive(Debug)]
pub enum Reply {
    /// A whole answer.
    Whole(Response),
    /// An answer in pieces.
    Stream(StreamedResponse),
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Whole(response)
    }
}

impl From<StreamedResponse> for Reply {
    fn from(response: StreamedResponse) -> Self {
        Self::Stream(response)
    }
}

impl Reply {
    /// Status and headers.
    pub(crate) fn head_mut(&mut self) -> &mut Response {
        match self {
            Self::Whole(response) => response,
            Self::Stream(response) => &mut response.head,
        }
    }

    /// Status and headers, the body, and the end of a body that fails.
    pub(super) fn into_parts(self) -> (Response, Body, Vec<u8>) {
        match self {
            Self::Whole(mut response) => {
                let body = response.take_body();
                (response, stream::iter([Ok(body)]).boxed(), Vec::new())
            }
            Self::Stream(response) => (response.head, response.body, response.failure_end),
        }
    }
}

/// An answer in pieces. It must never be cached unless the handler says so.
pub struct StreamedResponse {
    /// The head of the answer; its text is empty.
    head: Response,
    body: Body,
    /// Sent after the last chunk of a body that fails.
    failure_end: Vec<u8>,
}

impl StreamedResponse {
    /// An answer whose body is made while it is sent.
    pub fn new(
        status: u16,
        content_type: &'static str,
        body: impl Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static,
    ) -> Self {
        Self { head: Response::text(status, content_type, ""), body: body.boxed(), failure_end: Vec::new() }
    }

    /// The same answer, which ends with these bytes when its body fails, panics or reaches the deadline after its first
    /// byte. HTTP would end such a body like a whole one, so a client must read there that it is not.
    pub fn with_failure_end(self, failure_end: Vec<u8>) -> Self {
        Self { failure_end, ..self }
    }

    /// The same answer with this header, which replaces one with the same name.
    pub fn with_header(self, name: &'static str, value: impl Into<String>) -> Self {
        Self { head: self.head.with_header(name, value), ..self }
    }

    /// The same with the rest of the rate limit.
    pub fn with_rate_limit(self, decision: LimitDecision) -> Self {
        Self { head: self.head.with_rate_limit(decision), ..self }
    }
}

impl fmt::Debug for StreamedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedResponse").field("head", &self.head).finish_non_exhaustive()
    }
}
