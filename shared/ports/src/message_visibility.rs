//! The time at which a failed message is delivered again.

use super::{BoxFuture, Source};

/// A failed message, and how long it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetriedMessage {
    /// Identifies this delivery of the message.
    pub receipt_handle: String,
    /// Seconds from now until it is delivered again.
    pub seconds: u32,
}

/// Sets when messages of a queue are delivered again. Without it, the queue's visibility timeout applies.
pub trait MessageVisibility: Send + Sync {
    /// Sets the next delivery of at most ten messages of one queue: one call.
    fn retry_after<'a>(
        &'a self,
        queue_arn: &'a str,
        messages: &'a [RetriedMessage],
    ) -> BoxFuture<'a, Result<(), Source>>;
}
