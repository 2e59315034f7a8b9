//! The event bus.

use super::{BoxFuture, EventRecord, Source};

/// What became of one event.
#[derive(Debug)]
pub enum PublishOutcome {
    /// The bus has it.
    Published,
    /// The bus did not take it this time.
    Failed(Source),
    /// The bus will never take it (too large, malformed).
    Rejected(Source),
}

/// Publishes events. Only the relay does.
pub trait Publisher: Send + Sync {
    /// Publishes in order; one outcome per event, in the same order. Personal data and secrets are left out.
    fn publish<'a>(&'a self, events: &'a [EventRecord]) -> BoxFuture<'a, Vec<PublishOutcome>>;
}
