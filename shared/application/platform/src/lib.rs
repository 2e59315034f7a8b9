//! Use cases that belong to no other context: flags, and the jobs that connect the system.

mod get_flags;
mod relay_events;

pub use get_flags::{Flags, get_flags};
pub use relay_events::{RELAY_ATTEMPTS, RelayEvents, relay_events};
