//! Use cases: what the system does for a caller, one file each, and the ports they need. A use case decides nothing that
//! the domain can decide, and knows no AWS, no HTTP and no wall clock: the time and the request come in its [`Context`].

mod access;
pub mod ai;
pub mod analytics;
mod authorize;
pub mod command;
mod context;
mod denial;
mod error;
mod idempotency;
pub mod identity;
pub mod limits;
pub mod notifications;
pub mod platform;
pub mod ports;
pub mod precondition;
pub mod repository;
pub mod sales;
mod secret;
pub mod tenancy;

pub use access::{Access, check_owner};
pub use authorize::authorize;
pub use context::Context;
pub use error::{Error, IdempotencyConflict};
pub use idempotency::Answer;
pub use precondition::{CurrentVersion, Precondition};
pub use secret::fingerprint;
