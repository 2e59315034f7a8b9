//! The event bus.

use super::{BoxFuture, EventRecord, Source};

/// The outcome of one event.
#[derive(Debug)]
pub enum PublishOutcome {
    /// The bus has it.
    Published,
    /// The bus did not take this event.
    Failed(Source),
    /// The bus can't be reached or throttles; the event is not at fault.
    Unavailable(Source),
    /// The bus will never accept the event (too large, malformed).
    Rejected(Source),
    /// An event before it failed, so this one was not tried: the order matters.
    NotTried,
}

/// Publishes events. Only the relay uses it.
pub trait Publisher: Send + Sync {
    /// Publishes in order; one outcome per event, in the same order.
    fn publish<'a>(&'a self, events: &'a [EventRecord]) -> BoxFuture<'a, Vec<PublishOutcome>>;
}
