//! AWS KMS: wraps the tenants' data keys and signs access tokens, with keys that never leave KMS.
//!
//! It must never log a plaintext key or return it other than through its port, and never ask KMS for a key that the
//! process already holds.

mod error;
mod key_cache;
mod rsa_public_key;
mod tenant_keys;
mod token_keys;

pub use tenant_keys::KmsTenantKeys;
pub use token_keys::{KmsTokenKeys, NoTokenKey, PublicKeySource, TokenKeyList};
