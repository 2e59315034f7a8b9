//! Jobs that keep the system together.

mod relay_events;

pub use relay_events::{RELAY_ATTEMPTS, RelayEvents, relay_events};
