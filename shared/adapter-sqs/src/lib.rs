//! Queues: the parking lot of the relay, and the times at which failed messages are delivered again.

mod parking_lot;
mod visibility;

pub use parking_lot::SqsParkingLot;
pub use visibility::SqsVisibility;
