//! Jobs that keep the system together.

mod relay_events;

pub use relay_events::{Attempts, ParkingLot, RELAY_ATTEMPTS, RelayEvents, StreamRecord, relay_events};
