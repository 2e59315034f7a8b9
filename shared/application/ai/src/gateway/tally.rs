//! How often the fleet is told of answered calls: failures are told at once, answers ten at a time, so that breakers cost an
//! answered call a tenth of a write. Each process begins anywhere in its first ten. So the fleet's sum is right on average
//! also where every process makes a few calls only; if each began at zero, the fleet would hear of the failures alone.

use ports::{Entropy, ModelName};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Answers that are told together.
const TOGETHER: u32 = 10;

#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<ModelName, u32>>);

impl Tally {
    /// Counts an answered call; the number to tell, when it is time.
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

/// Where a process begins to count, from 0 to 9. Without randomness it is 0: the count is late then, and not wrong.
fn begin(entropy: &dyn Entropy) -> u32 {
    let mut random = [0; 4];
    entropy.fill(&mut random).map_or(0, |()| u32::from_be_bytes(random) % TOGETHER)
}
