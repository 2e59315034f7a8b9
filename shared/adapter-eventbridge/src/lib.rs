//! The event bus. Only the relay may use it, because the ledger's stream is the only outbox.

mod publisher;

pub use publisher::EventBridgePublisher;
