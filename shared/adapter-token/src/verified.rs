//! Signatures that this process has verified before.
//!
//! A token comes again for as long as it lives, once a minute for each gateway cache. Whether a signature is right never
//! changes, so the second time a hash decides instead of RSA. Only that is remembered: the key must still be in the
//! ring, and the times, issuer and audience of the token are checked each time.

use std::collections::HashSet;
use std::mem;

use ring::digest::{Context, Digest, SHA256};

/// The hash of a key, a message and a signature.
pub(crate) type Hash = [u8; 32];

/// The most hashes of one generation. Two generations take at most some 100 KB.
const MOST: usize = 500;

/// Hashes of right signatures. When the younger generation is full it becomes the older one, and the older one is
/// forgotten.
#[derive(Default)]
pub(crate) struct VerifiedSignatures {
    younger: HashSet<Hash>,
    older: HashSet<Hash>,
}

impl VerifiedSignatures {
    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.younger.contains(hash) || self.older.contains(hash)
    }

    pub(crate) fn insert(&mut self, hash: Hash) {
        if self.younger.len() >= MOST {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.insert(hash);
    }
}

/// The hash of all that a verification depends on. Each part is preceded by its length, so that no two verifications
/// have the same text.
pub(crate) fn hash(parts: [&[u8]; 4]) -> Option<Hash> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).ok()?.to_be_bytes());
        context.update(part);
    }
    let digest: Digest = context.finish();
    digest.as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: usize) -> Hash {
        hash([&number.to_be_bytes(), b"", b"", b""]).unwrap()
    }

    #[test]
    fn the_last_500_are_remembered_and_no_more_than_1000() {
        let mut verified = VerifiedSignatures::default();
        for number in 0..10_100 {
            verified.insert(numbered(number));
            assert!(verified.younger.len() + verified.older.len() <= 1_000);
        }
        assert!((9_600..10_100).all(|number| verified.contains(&numbered(number))));
        assert!((0..9_000).all(|number| !verified.contains(&numbered(number))));
    }

    #[test]
    fn a_byte_that_moves_to_another_part_is_another_verification() {
        let parts =
            [hash([b"ab", b"c", b"", b""]), hash([b"a", b"bc", b"", b""]), hash([b"abc", b"", b"", b""])];
        assert!(parts[0] != parts[1] && parts[1] != parts[2] && parts[0] != parts[2]);
    }
}
