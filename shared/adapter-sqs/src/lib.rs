//! Queues: the parking lot of the relay, and when messages that a consumer could not handle come again.

mod parking_lot;
mod visibility;

pub use parking_lot::SqsParkingLot;
pub use visibility::SqsVisibility;
