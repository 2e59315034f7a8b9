//! Secrets out of AWS Secrets Manager, such as the API key of a provider: looked up at the first use and kept in memory
//! for five minutes, so that a rotated one is in use soon without a deployment.
//!
//! It must never log a value, put one into an error or write it anywhere.

mod secret;

pub use secret::{Secret, SecretError, SecretValue};
