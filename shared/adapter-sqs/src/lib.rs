//! Queues. Today only the relay's parking queue needs a client: Lambda invokes the consumers of the other queues.

mod parking_lot;

pub use parking_lot::SqsParkingLot;
