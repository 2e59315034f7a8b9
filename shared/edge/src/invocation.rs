//! One invocation: what the Runtime API says about it, or what a test says instead.

use crate::SystemEntropy;
use application_core::Context;
use domain::Timestamp;
use domain::id::EventId;
use ports::Entropy;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a handler's time is cut by, so that an answer and a log line still fit before the function is stopped.
const RESERVE: Duration = Duration::from_millis(500);

/// One invocation of a function.
#[derive(Clone)]
pub struct Invocation {
    /// Name of the function, such as `score-lead`.
    pub function: &'static str,
    /// When it began.
    pub now: Timestamp,
    /// The same moment on the process's clock.
    pub began: Instant,
    /// When the handler must be done: before the function's timeout.
    pub deadline: Instant,
    /// Lambda's identifier of it.
    pub request_id: String,
    /// X-Ray's identifier of the trace it belongs to.
    pub trace_id: Option<String>,
    /// Whether it is the first of its process.
    pub cold_start: bool,
    /// Randomness for the handler.
    pub entropy: Arc<dyn Entropy>,
}

impl Invocation {
    /// An invocation in a test: system randomness, and the time that a function has behind API Gateway.
    pub fn in_process(now: Timestamp) -> Self {
        Self {
            function: "in-process",
            now,
            began: Instant::now(),
            deadline: Instant::now() + Duration::from_secs(29),
            request_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            trace_id: None,
            cold_start: false,
            entropy: Arc::new(SystemEntropy::default()),
        }
    }

    /// The same with less or more time for the handler.
    pub fn with_time(mut self, time: Duration) -> Self {
        self.deadline = Instant::now() + time;
        self
    }

    /// The moment until which a handler may work when Lambda stops the function at `stops_at` (Unix milliseconds).
    pub(crate) fn deadline_before(stops_at: u64, now: Timestamp) -> Instant {
        let left = stops_at.saturating_sub(u64::try_from(now.millis()).unwrap_or_default());
        Instant::now() + Duration::from_millis(left).saturating_sub(RESERVE)
    }

    /// Time until the handler must be done.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What a use case must know of it.
    pub(crate) fn context(&self, correlation_id: &str, causation_id: Option<EventId>) -> Context {
        Context {
            now: self.now,
            began: self.began,
            correlation_id: correlation_id.to_owned(),
            causation_id,
            deadline: self.deadline,
            entropy: Arc::clone(&self.entropy),
        }
    }
}
