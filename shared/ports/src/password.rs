//! Password hashing.

use super::Source;

/// Hashing failed for a reason that is not the password.
#[derive(Debug, thiserror::Error)]
#[error("the password can't be hashed")]
pub struct PasswordError(#[source] pub Source);

/// Hashes and verifies passwords. Synchronous: it is pure computation, and a function handles one request at a time.
pub trait PasswordHasher: Send + Sync {
    /// The salted hash of the password, as a PHC string.
    fn hash(&self, password: &str) -> Result<String, PasswordError>;
    /// Whether the password is right, compared in constant time. `None` (no such account) takes as long as a wrong
    /// password and is always wrong, so that the time of the answer does not reveal which addresses have accounts.
    fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError>;
    /// Whether the hash was made with other parameters than [`PasswordHasher::hash`] uses now, so that the password should be
    /// hashed again when it is known.
    fn is_outdated(&self, hash: &str) -> bool;
}
