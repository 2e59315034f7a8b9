//! The ports of the relay between the ledger's stream and the bus.

use super::{BoxFuture, EventRecord, Source, StoreError};
use domain::Timestamp;

/// Counts failures per record of the stream.
pub trait Attempts: Send + Sync {
    /// Counts one failure of the record; returns the number of failures.
    fn count<'a>(
        &'a self,
        sequence_number: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u32, StoreError>>;
}

/// The queue of records that can't be published.
pub trait ParkingLot: Send + Sync {
    /// Parks a record by its keys, with the reason.
    fn park<'a>(&'a self, record: &'a StreamRecord, reason: &'a str) -> BoxFuture<'a, Result<(), Source>>;
}

/// A record of the ledger's stream.
#[derive(Debug)]
pub struct StreamRecord {
    /// Its position in the stream.
    pub sequence_number: String,
    /// The keys of the item, for people who look into the parking queue. Never its content.
    pub keys: serde_json::Value,
    /// The event, or the reason why the item is not an event.
    pub event: Result<EventRecord, StoreError>,
}
