//! What use cases of every context share: who may do what, the request that is served, errors, idempotency, limits, and
//! aggregates in and out of the store. A use case decides nothing that the domain can decide, and knows no AWS, no HTTP and
//! no wall clock: the time and the request come in its [`Context`].

mod authorize;
mod context;
pub mod denial;
mod error;
pub mod idempotency;
pub mod limits;
pub mod model_answer;
pub mod repository;
pub mod secret;

pub use authorize::authorize;
pub use context::Context;
pub use error::{Error, IdempotencyConflict};
pub use idempotency::Answer;
pub use secret::fingerprint;
