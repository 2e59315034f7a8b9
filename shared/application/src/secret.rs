//! Hashes of secrets, and of values that identify a person and must not stand in a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};

/// SHA-256 in base64url. For random secrets and for opaque keys only: a short value could be guessed from it.
pub fn fingerprint(value: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, value))
}

/// The secret that follows `secret` when it is rotated with `salt`: only who knows both can compute it.
pub(crate) fn successor(secret: &[u8; 32], salt: &str) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), salt.as_bytes());
    let mut next = [0; 32];
    for (byte, from) in next.iter_mut().zip(tag.as_ref()) {
        *byte = *from;
    }
    next
}
