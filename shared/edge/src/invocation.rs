//! One invocation, as described by the Runtime API or by a test.

use crate::SystemEntropy;
use application_core::Context;
use domain::Timestamp;
use domain::id::EventId;
use ports::Entropy;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time by which a handler's deadline is earlier than the function's timeout, so that the answer and a log line
/// still fit.
const RESERVE: Duration = Duration::from_millis(500);

/// One invocation of a function.
#[derive(Clone)]
pub struct Invocation {
    /// The name of the function, such as `score-lead`.
    pub function: &'static str,
    /// When it began.
    pub now: Timestamp,
    /// The same moment on the process's clock.
    pub began: Instant,
    /// When the handler must be done: before the function's timeout.
    pub deadline: Instant,
    /// Lambda's id of the invocation.
    pub request_id: String,
    /// X-Ray's id of the trace that it belongs to.
    pub trace_id: Option<String>,
    /// Whether it is the first invocation of its process.
    pub cold_start: bool,
    /// Randomness for the handler.
    pub entropy: Arc<dyn Entropy>,
}

impl Invocation {
    /// An invocation in a test: system randomness, and the time of a function behind API Gateway.
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

    /// The time until the handler must be done.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The context for a use case.
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
