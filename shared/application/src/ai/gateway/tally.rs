//! How calls to models went, as far as the fleet has not been told: failures are told at once, answers ten at a time, so
//! that breakers cost an answered call a tenth of a write.

use crate::ports::ModelName;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Answers that are told together.
const TOGETHER: u32 = 10;

#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<ModelName, u32>>);

impl Tally {
    /// Counts an answered call; the number to tell, when it is time.
    pub(super) fn answered(&self, model: &ModelName) -> Option<u32> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = untold.entry(model.clone()).or_default();
        *count += 1;
        (*count >= TOGETHER).then(|| std::mem::take(count))
    }

    /// The number of answered calls to tell along with a failure.
    pub(super) fn take(&self, model: &ModelName) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(model).unwrap_or_default()
    }
}
