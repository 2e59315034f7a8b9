//! When a message that could not be handled comes again.

use super::{BoxFuture, Source};

/// A message that failed, and how long it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetriedMessage {
    /// Names this delivery of the message.
    pub receipt_handle: String,
    /// Seconds from now until it is delivered again.
    pub seconds: u32,
}

/// Changes when messages of a queue come again. Without it they come when the queue's visibility timeout is over.
pub trait MessageVisibility: Send + Sync {
    /// Lets at most ten messages of one queue come again when their time is over: one call.
    fn retry_after<'a>(
        &'a self,
        queue_arn: &'a str,
        messages: &'a [RetriedMessage],
    ) -> BoxFuture<'a, Result<(), Source>>;
}
