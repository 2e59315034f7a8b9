//! Passwords are hashed and compared in their prepared form (RFC 8265, OpaqueString).

use domain::identity::prepared_password;
use ports::{PasswordError, PasswordHasher};

/// The hash of a password that passed the checks.
pub(super) fn hash(hasher: &dyn PasswordHasher, password: &str) -> Result<String, PasswordError> {
    hasher.hash(prepared_password(password).as_deref().unwrap_or(password))
}

/// Whether the hash belongs to the password; `None` for an account that does not exist. Hashes from before the
/// preparation were made from the password as it was sent, so that form is tried too if the two differ. The number of
/// argon2 runs for a wrong password depends only on the password that was sent.
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
