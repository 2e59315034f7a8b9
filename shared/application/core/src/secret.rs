//! Hashes of secrets, and of values that identify a person and must not be part of a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};

/// SHA-256 in base64url. It hides random secrets. For an e-mail or network address it is only a pseudonym, which keeps
/// the address out of a key but can be guessed by trying. A password must never be hashed with it.
pub fn fingerprint(value: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, value))
}

/// Whether two hashes of secrets are equal, in constant time: ring compares tags in constant time, so tags of both are
/// compared.
pub fn same(one: &str, other: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"comparison");
    let tag = hmac::sign(&key, one.as_bytes());
    hmac::verify(&key, other.as_bytes(), tag.as_ref()).is_ok()
}

/// The secret that follows `secret` when it is rotated with `salt`. Computing it needs both.
pub fn successor(secret: &[u8; 32], salt: &str) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), salt.as_bytes());
    let mut next = [0; 32];
    for (byte, from) in next.iter_mut().zip(tag.as_ref()) {
        *byte = *from;
    }
    next
}

/// The secret that belongs to `message` under `key`: HMAC-SHA-256 (RFC 2104).
pub fn derived_secret(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    let mut secret = [0; 32];
    for (byte, from) in secret.iter_mut().zip(tag.as_ref()) {
        *byte = *from;
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_equal_hashes_are_the_same() {
        assert!(same("", "") && same("hash", "hash"));
        for (one, other) in [("hash", "hasH"), ("hash", "has"), ("has", "hash"), ("hash", ""), ("", "hash")] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
