//! The event bus. It publishes what the relay hands it and must never be used by anything else: the ledger's stream is
//! the only outbox.

mod publisher;

pub use publisher::EventBridgePublisher;
