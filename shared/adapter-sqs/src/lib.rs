//! Queues: so far only the parking lot of the relay. Consumers need no client; their queue calls them.

mod parking_lot;

pub use parking_lot::SqsParkingLot;
