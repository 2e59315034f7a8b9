//! What every use case knows of the request it serves.

use crate::ports::{Entropy, EntropyError};
use domain::Timestamp;
use domain::id::{EventId, new_id};
use std::sync::Arc;
use std::time::Duration;
use type_safe_id::{StaticType, TypeSafeId};

/// The request that a use case serves.
#[derive(Clone)]
pub struct Context {
    /// When it began. Everything that one request does happens at this moment.
    pub now: Timestamp,
    /// Ties together everything that one request causes.
    pub correlation_id: String,
    /// The event that caused it, for jobs.
    pub causation_id: Option<EventId>,
    /// Time until it must be answered.
    pub time_left: Duration,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Context {
    /// A new identifier, ordered by time.
    pub fn new_id<T: StaticType>(&self) -> Result<TypeSafeId<T>, EntropyError> {
        let mut random = [0; 10];
        self.entropy.fill(&mut random)?;
        Ok(new_id(self.now, &random))
    }
}
