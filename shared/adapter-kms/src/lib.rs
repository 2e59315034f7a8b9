//! AWS KMS: wraps the tenants' data keys and signs access tokens, with keys that never leave it.
//!
//! It must never log or return a plaintext key other than through its port, and never ask KMS for what the process
//! already holds.

mod error;
mod key_cache;
mod rsa_public_key;
mod tenant_keys;
mod token_keys;

pub use tenant_keys::KmsTenantKeys;
pub use token_keys::{KmsTokenKeys, NoTokenKey, PublicKeySource, TokenKeyList};
