//! Reports the outcomes of calls to the breakers that all functions share, and takes the single probe of a half-open
//! breaker. A failed report does not fail the request.

use super::attempts::retry_after;
use super::lookup::{ModelCandidate, open_for};
use super::parts::{AiGateway, model_name};
use application_core::Context;
use ports::{Breaker, CallObservation, FailureCause, ModelError, StoreError};
use std::time::Duration;

/// How long a probe may take before another process may probe.
const PROBE: Duration = Duration::from_secs(60);

/// Whether a model may be asked.
pub(super) enum MayAsk {
    Yes,
    /// The right to probe must be taken first.
    Probe,
    /// Other models must be asked first.
    Later,
    /// It may not be asked for this long.
    No(Duration),
}

/// Whether the breaker lets a request through. A model that fails often is asked when no other model is left.
pub(super) fn may_ask(context: &Context, candidate: &ModelCandidate) -> MayAsk {
    let now = context.clock();
    match candidate.breaker {
        Breaker::Closed => MayAsk::Yes,
        Breaker::Failing { until } if until > now => as_last_resort(candidate),
        breaker => open_for(breaker, now).map_or(MayAsk::Probe, MayAsk::No),
    }
}

/// Takes the right to probe the model. No other request can probe it then, so the money for the call must be set aside
/// before.
pub(super) async fn probe(
    gateway: &AiGateway,
    context: &Context,
    candidate: &mut ModelCandidate,
) -> Result<MayAsk, StoreError> {
    let now = context.clock();
    candidate.breaker = gateway.state.probe(&model_name(&candidate.model), now, now.plus(PROBE)).await?;
    Ok(match (candidate.breaker, open_for(candidate.breaker, now)) {
        (Breaker::Failing { .. }, _) => as_last_resort(candidate),
        (_, Some(wait)) => MayAsk::No(wait),
        (_, None) => MayAsk::Yes,
    })
}

fn as_last_resort(candidate: &ModelCandidate) -> MayAsk {
    if candidate.is_last { MayAsk::Yes } else { MayAsk::Later }
}

/// Reports answered calls, some at a time.
pub(super) async fn tell_answered(gateway: &AiGateway, context: &Context, candidate: &mut ModelCandidate) {
    let (model, now) = (model_name(&candidate.model), context.clock());
    let told = if candidate.breaker == Breaker::HalfOpen {
        candidate.breaker = Breaker::Closed;
        gateway.state.report_probe(&model, true, None, now).await
    } else if let Some(calls) = gateway.tally.answered(&model, context.entropy.as_ref()) {
        let observed = CallObservation { calls, failures: 0, retry_after: None };
        gateway.state.observe(&model, observed, now).await.map(|_| ())
    } else {
        Ok(())
    };
    if let Err(error) = told {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "an answer could not be recorded in its breaker"
        );
    }
}

/// Reports a failed call; returns the breaker's new state. Only failures of the provider count: `had_enough_time` says
/// whether a timeout is one.
pub(super) async fn tell_failed(
    gateway: &AiGateway,
    context: &Context,
    candidate: &ModelCandidate,
    error: &ModelError,
    had_enough_time: bool,
) -> Breaker {
    let (fault, throttled) = match error.cause() {
        FailureCause::Provider => (true, false),
        FailureCause::Time => (had_enough_time, false),
        FailureCause::Quota => (false, true),
        FailureCause::Configuration | FailureCause::Request => (false, false),
    };
    let (model, now) = (model_name(&candidate.model), context.clock());
    let told = if candidate.breaker == Breaker::HalfOpen {
        // The breaker stays open until the probe is answered. A probe that says nothing about the provider is left to
        // the next caller at once.
        let missing = error.cause() == FailureCause::Configuration;
        let wait = if fault || throttled { retry_after(error) } else { Some(Duration::ZERO) };
        let told = gateway.state.report_probe(&model, missing, wait, now).await;
        told.map(|()| if missing { Breaker::Closed } else { Breaker::HalfOpen })
    } else if fault || throttled {
        let observed =
            CallObservation { calls: 1, failures: u32::from(fault), retry_after: retry_after(error) };
        gateway.state.observe(&model, observed, now).await
    } else {
        Ok(Breaker::Closed)
    };
    told.unwrap_or_else(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a failure could not be recorded in its breaker"
        );
        Breaker::Closed
    })
}
