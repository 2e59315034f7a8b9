//! Maps and sets of words with a hash that is cheap for short keys. The keys that are stored come from the lexicons alone, so
//! that nobody can choose them to collide.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type WordMap<V> = HashMap<Cow<'static, str>, V, BuildHasherDefault<WordHasher>>;
pub(super) type WordSet = HashSet<Cow<'static, str>, BuildHasherDefault<WordHasher>>;

/// FNV-1a, 64 bits (RFC 9923).
#[derive(Debug, Clone, Copy)]
pub(super) struct WordHasher(u64);

impl Default for WordHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
