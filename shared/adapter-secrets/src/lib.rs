//! Secrets from AWS Secrets Manager, such as the API key of a provider. They are read at the first use and kept in
//! memory for five minutes, so that a rotated secret is soon used without a deployment.
//!
//! It must never log a value, put it into an error or write it anywhere.

mod secret;

pub use secret::{Secret, SecretError, SecretValue};
