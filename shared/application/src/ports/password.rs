//! Password hashing.

use super::Source;

/// Whether a password is right, and whether its hash should be made anew with today's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordMatch {
    /// Wrong.
    Wrong,
    /// Right.
    Right,
    /// Right, but hashed with weaker parameters than today's.
    RightButOutdated,
}

/// Hashing failed for a reason that is not the password.
#[derive(Debug, thiserror::Error)]
#[error("the password can't be hashed")]
pub struct PasswordError(#[source] pub Source);

/// Hashes and verifies passwords. Synchronous: it is pure computation, and a function handles one request at a time.
pub trait PasswordHasher: Send + Sync {
    /// A salted PHC string.
    fn hash(&self, password: &str) -> Result<String, PasswordError>;
    /// Compares in time that does not depend on where they differ. `None` (no such account) takes as long as a wrong
    /// password and is always wrong, so that the answer's time does not tell which addresses have accounts.
    fn verify(&self, password: &str, hash: Option<&str>) -> Result<PasswordMatch, PasswordError>;
}
