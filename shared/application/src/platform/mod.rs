//! What belongs to no other context: flags, and the jobs that keep the system together.

mod get_flags;
mod relay_events;

pub use get_flags::{Flags, get_flags};
pub use relay_events::{Attempts, ParkingLot, RELAY_ATTEMPTS, RelayEvents, StreamRecord, relay_events};
