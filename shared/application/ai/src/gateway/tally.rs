//! How often answered calls are reported to the breakers: failures at once, answers ten at a time, so that an answered
//! call costs a tenth of a write. Each process begins at a random point of its first ten. The sum over all processes is
//! therefore right on average even when every process makes only a few calls; if each began at zero, the breakers would
//! get the failures alone.

use ports::{Entropy, ModelName};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The number of answers in a report.
const TOGETHER: u32 = 10;

#[derive(Default)]
pub(super) struct CallTally(Mutex<HashMap<ModelName, u32>>);

impl CallTally {
    /// Counts an answered call; returns the number to report when it is time.
    pub(super) fn answered(&self, model: &ModelName, entropy: &dyn Entropy) -> Option<u32> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = untold.entry(model.clone()).or_insert_with(|| begin(entropy));
        *count += 1;
        let told = *count >= TOGETHER;
        if told {
            *count = 0;
        }
        told.then_some(TOGETHER)
    }
}

/// The number at which a process begins to count, from 0 to 9. Without randomness it is 0: the count is late then, and
/// not wrong.
fn begin(entropy: &dyn Entropy) -> u32 {
    let mut random = [0; 4];
    entropy.fill(&mut random).map_or(0, |()| u32::from_be_bytes(random) % TOGETHER)
}
