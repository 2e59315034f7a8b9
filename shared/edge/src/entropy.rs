//! The operating system's random bytes, as the port of the use cases.

use ports::{Entropy, EntropyError};
use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes from the operating system (`getrandom`), without a generator in the process that would need seeding.
#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes).map_err(|_| EntropyError)
    }
}
