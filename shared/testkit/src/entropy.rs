//! Repeatable randomness: the same seed gives the same bytes in the same order.

use ports::{Entropy, EntropyError};
use ring::digest::{SHA256, digest};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes from SHA-256 of a seed and a counter.
#[derive(Debug, Default)]
pub struct TestEntropy {
    seed: u64,
    counter: AtomicU64,
}

impl TestEntropy {
    /// Repeatable bytes for this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: AtomicU64::new(0) }
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(32) {
            let counter = self.counter.fetch_add(1, Ordering::SeqCst);
            let block = digest(&SHA256, &[self.seed.to_be_bytes(), counter.to_be_bytes()].concat());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
        Ok(())
    }
}
