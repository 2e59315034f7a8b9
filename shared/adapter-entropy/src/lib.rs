//! Random bytes from the operating system, by ring.
//!
//! It must never keep state: a generator seeded at start-up would repeat itself in every copy of a frozen sandbox.

use application::ports::{Entropy, EntropyError};
use ring::rand::{SecureRandom, SystemRandom};

/// The system's random number generator (`getrandom(2)`).
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// Costs nothing until it is asked.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes).map_err(|_| EntropyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_is_new_and_fills_all_bytes() {
        let entropy = SystemEntropy::new();
        let draws: Vec<[u8; 32]> = (0..64)
            .map(|_| {
                let mut bytes = [0; 32];
                entropy.fill(&mut bytes).unwrap();
                bytes
            })
            .collect();
        for (index, draw) in draws.iter().enumerate() {
            assert!(!draws[..index].contains(draw));
        }
        // Each position takes more than one value; a tail left at zero would show.
        assert!((0..32).all(|at| draws.iter().any(|draw| draw[at] != draws[0][at])));
    }
}
