//! The request that a use case serves.

use domain::Timestamp;
use domain::id::{EventId, new_id};
use ports::{Entropy, EntropyError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use type_safe_id::{StaticType, TypeSafeId};

/// The request that a use case serves.
#[derive(Clone)]
pub struct Context {
    /// When it began. Everything that a request does has this time.
    pub now: Timestamp,
    /// The correlation id, which is the same for everything that one request causes.
    pub correlation_id: String,
    /// The event that caused it, for jobs.
    pub causation_id: Option<EventId>,
    /// The same moment on the process's clock.
    pub began: Instant,
    /// When it must be answered.
    pub deadline: Instant,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Context {
    /// The time now, for decisions that must not depend on when the request began: leases, and the times that other
    /// requests read.
    pub fn clock(&self) -> Timestamp {
        self.now.plus(self.began.elapsed())
    }

    /// The time until it must be answered, from now.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// A new id, ordered by time.
    pub fn new_id<T: StaticType>(&self) -> Result<TypeSafeId<T>, EntropyError> {
        let mut random = [0; 10];
        self.entropy.fill(&mut random)?;
        Ok(new_id(self.now, &random))
    }
}
