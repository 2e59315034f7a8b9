//! The common parts of use cases of all contexts: permissions, the request's context, errors, idempotency, limits, and
//! loading and committing aggregates. A use case contains no business decision, and knows no AWS, no HTTP and no wall
//! clock: the time and the request come in its [`Context`].

mod access;
mod authorize;
pub mod command;
mod configured;
mod context;
pub mod denial;
mod error;
pub mod idempotency;
pub mod jobs;
pub mod limits;
pub mod lists;
pub mod mail_token;
pub mod model_answer;
pub mod precondition;
pub mod repository;
pub mod secret;

pub use access::{AccessDecision, RefusedAccess, RefusedPermission, check_owner};
pub use authorize::authorize;
pub use configured::Configured;
pub use context::Context;
pub use error::{Error, IdempotencyConflict};
pub use idempotency::RepeatableResult;
pub use precondition::{CurrentVersion, Precondition};
pub use secret::fingerprint;
