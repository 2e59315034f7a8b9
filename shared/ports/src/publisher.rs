//! The event bus.

use super::{BoxFuture, EventRecord, Source};

/// What became of one event.
#[derive(Debug)]
pub enum PublishOutcome {
    /// The bus has it.
    Published,
    /// The bus did not take this event.
    Failed(Source),
    /// The bus can't be reached or takes nothing for now; that is not the event's fault.
    Unavailable(Source),
    /// The bus will never take it (too large, malformed).
    Rejected(Source),
    /// An event before it failed, and order matters: it was not tried.
    NotTried,
}

/// Publishes events. Only the relay does.
pub trait Publisher: Send + Sync {
    /// Publishes in order; one outcome per event, in the same order.
    fn publish<'a>(&'a self, events: &'a [EventRecord]) -> BoxFuture<'a, Vec<PublishOutcome>>;
}
