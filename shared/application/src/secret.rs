//! Hashes of secrets, and of values that identify a person and must not stand in a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};

/// SHA-256 in base64url. It hides random secrets. Of an e-mail or network address it is a pseudonym only, which keeps the
/// address out of a key but can be guessed by trying. A password must never be hashed with it.
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
