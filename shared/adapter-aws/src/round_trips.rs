//! Counts the requests that a process really sends, so that tests can assert "one call per read" and benchmarks can
//! tell start-up from work.
//!
//! It is below the retries, at the connector, so each attempt of every client counts. It is installed only on request
//! and must never look into a request body.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// A shared counter of attempts; clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct RoundTrips(Arc<Mutex<State>>);

/// A called operation, and the phase of the process or test in which it was called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoundTrip {
    /// The name last given to [`RoundTrips::enter`]; empty before.
    pub phase: &'static str,
    /// The API operation: `GetItem` for services that name it in a header, otherwise the last part of the path, such
    /// as `converse`.
    pub operation: String,
}

#[derive(Debug, Default)]
struct State {
    phase: &'static str,
    attempts: BTreeMap<RoundTrip, u64>,
}

impl RoundTrips {
    /// Counts later attempts under this phase, for example `init` or the name of a step.
    pub fn enter(&self, phase: &'static str) {
        self.state().phase = phase;
    }

    /// Attempts so far, by phase and operation.
    pub fn counts(&self) -> BTreeMap<RoundTrip, u64> {
        self.state().attempts.clone()
    }

    /// All attempts of one phase.
    pub fn in_phase(&self, phase: &str) -> u64 {
        self.state().attempts.iter().filter(|(trip, _)| trip.phase == phase).map(|(_, count)| count).sum()
    }

    /// Wraps a connector so that each of its calls is counted here.
    pub(crate) fn counting(&self, inner: SharedHttpConnector) -> SharedHttpConnector {
        SharedHttpConnector::new(Counting { inner, counter: self.clone() })
    }

    fn count(&self, request: &HttpRequest) {
        let operation = operation(request);
        let mut state = self.state();
        let phase = state.phase;
        *state.attempts.entry(RoundTrip { phase, operation }).or_default() += 1;
    }

    /// A panic while counting can't leave the counts half written, so a poisoned lock is still good.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let path = request.uri().split('?').next().and_then(|path| path.rsplit('/').next());
    target.or(path).unwrap_or_default().to_owned()
}

struct Counting {
    inner: SharedHttpConnector,
    counter: RoundTrips,
}

impl fmt::Debug for Counting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Counting").finish_non_exhaustive()
    }
}

impl HttpConnector for Counting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.counter.count(&request);
        self.inner.call(request)
    }
}
