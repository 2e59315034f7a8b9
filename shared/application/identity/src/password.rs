//! Passwords are hashed and compared in their prepared form (RFC 8265, OpaqueString).

use domain::identity::prepared_password;
use ports::{PasswordError, PasswordHasher};

/// The hash of a password that was judged.
pub(super) fn hash(hasher: &dyn PasswordHasher, password: &str) -> Result<String, PasswordError> {
    hasher.hash(prepared_password(password).as_deref().unwrap_or(password))
}

/// Whether the hash is the password's; `None` for an account that does not exist. Hashes that are older than the preparation
/// are of the password as it was sent, so that form is tried too where the two differ. How often argon2 runs on a wrong
/// password depends on what was sent alone.
pub(super) fn verify(
    hasher: &dyn PasswordHasher,
    password: &str,
    hash: Option<&str>,
) -> Result<bool, PasswordError> {
    let prepared = prepared_password(password);
    if let Some(prepared) = prepared.as_deref().filter(|prepared| *prepared != password)
        && hasher.verify(prepared, hash)?
    {
        return Ok(true);
    }
    hasher.verify(password, hash)
}
