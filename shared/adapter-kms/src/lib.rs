//! AWS KMS: wraps the tenants' data keys, seals secrets of accounts, and signs access tokens and checkpoints of the audit log,
//! with keys that never leave KMS.
//!
//! It must never log a plaintext key or return it other than through its port, and never ask KMS for a key that the
//! process already holds.

mod checkpoint_signer;
mod error;
mod key_cache;
mod rsa_public_key;
mod secret_sealing;
mod tenant_keys;
mod token_keys;

pub use checkpoint_signer::KmsCheckpointSigner;
pub use secret_sealing::KmsSecretSealing;
pub use tenant_keys::KmsTenantKeys;
pub use token_keys::{KmsTokenKeys, NoTokenKey, PublicKeySource, TokenKeyList};
