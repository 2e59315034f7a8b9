//! The money of a batch: one reservation for all its lines, and one settlement. Both are made as one request to the AI
//! gateway, so that budgets, the sweeper and bills know batches without knowing them.

use super::advance::OpenBatch;
use super::provider::JOB_HOURS;
use crate::ask::Requester;
use crate::price_book::batch_version;
use application_core::{Context, Error};
use domain::Timestamp;
use domain::ai::batch::{Batch, BatchReservation};
use domain::ai::{
    AiRequestMetered, CacheUse, Feature, Limits, ModelUsage, RequestOutcome, TokenCounts, UnmeteredUsage,
};
use domain::id::AiRequestTag;
use ports::{RequestMoney, Reservation, ReserveError, Settlement};

/// How much longer the money stays set aside than the batch runs, in seconds: runs of the job that put the results
/// together.
const LEASE_BEYOND: i64 = 2 * 3600;
/// How much longer it stays set aside for a batch that a provider runs, in seconds: the time in which a job ends that was
/// started at the last moment.
const LEASE_OF_JOB: i64 = JOB_HOURS as i64 * 3600;

/// The most that all lines of a batch can cost.
#[derive(Debug, Clone, Default)]
pub(super) struct BatchBound {
    /// In nano-dollars.
    pub(super) nano_usd: u64,
    /// The model of the first line that can be asked, and its provider.
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) price_version: String,
}

/// The account or the key that created a batch, which pays.
pub(super) fn asker(batch: &OpenBatch) -> Requester {
    let Batch { created_by, api_key, .. } = batch.state;
    Requester { tenant: batch.key.tenant(), account: created_by, api_key }
}

/// Sets the money for a batch aside, for which a provider may have a job.
pub(super) async fn reserve(
    money: &dyn RequestMoney,
    context: &Context,
    batch: &OpenBatch,
    (bound, has_job): (BatchBound, bool),
    limits: &Limits,
) -> Result<BatchReservation, ReserveOutcome> {
    let request_id = context.new_id::<AiRequestTag>().map_err(Error::from)?;
    let at = context.clock();
    let beyond = if has_job { LEASE_BEYOND + LEASE_OF_JOB } else { LEASE_BEYOND };
    let mut aside = BatchReservation {
        request_id,
        bound_nano_usd: bound.nano_usd,
        shard: 0,
        at,
        lease_until: batch.state.expires_at().plus_seconds(beyond),
        model: bound.model,
        provider: bound.provider,
        price_version: bound.price_version,
    };
    // No line was asked: should nothing be recorded after this, the batch has cost nothing.
    let mut reservation = reservation(batch, &aside);
    match money.reserve(&mut reservation, limits, None).await {
        Ok(()) => {
            aside.shard = reservation.shard;
            Ok(aside)
        }
        Err(ReserveError::OverBudget(scope)) => Err(ReserveOutcome::OverBudget(scope.as_str())),
        Err(ReserveError::InFlight | ReserveError::Repeated) => Err(Error::Conflict.into()),
        Err(ReserveError::Store(error)) => Err(Error::from(error).into()),
    }
}

/// Why no money was set aside.
pub(super) enum ReserveOutcome {
    /// The budget with this name has too little left.
    OverBudget(&'static str),
    Failed(Error),
}

impl From<Error> for ReserveOutcome {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Gives the money back that was set aside for a batch that can't be started any more.
pub(super) async fn give_back(
    money: &dyn RequestMoney,
    context: &Context,
    batch: &OpenBatch,
    aside: &BatchReservation,
) {
    if let Err(error) = money.settle(&settlement(context, batch, aside)).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            batch = batch.key.id(),
            "money of a batch that was not started stays set aside until its lease ends"
        );
    }
}

/// Charges the usage of a batch and gives the rest of the money back, once: a repetition changes nothing.
pub(super) async fn settle(
    money: &dyn RequestMoney,
    context: &Context,
    batch: &OpenBatch,
) -> Result<(), Error> {
    let Some(aside) = &batch.state.reservation else { return Ok(()) };
    let settlement = settlement(context, batch, aside);
    let cost_nano_usd = settlement.metered.cost_nano_usd;
    if money.settle(&settlement).await? {
        if batch.state.provider_job.is_some() {
            // The operator's alarm of spending sums this up.
            tracing::info!(
                ai_cost_nano_usd = cost_nano_usd,
                feature = settlement.metered.feature.as_str(),
                batch = batch.key.id(),
                "a provider's batch was settled"
            );
        } else {
            // The cost of each line was logged when it ended.
            tracing::info!(
                batch_cost_nano_usd = cost_nano_usd,
                batch = batch.key.id(),
                "a batch was settled"
            );
        }
    } else if cost_nano_usd > 0 {
        // By a run that was killed after it, or by the sweeper, which charged the usage that was noted last.
        tracing::error!(
            batch_cost_nano_usd = cost_nano_usd,
            batch = batch.key.id(),
            "a batch was settled before"
        );
    }
    Ok(())
}

/// Writes the usage so far beside the reservation. Should the job never come back, the sweeper charges this usage.
pub(super) async fn note_usage(money: &dyn RequestMoney, context: &Context, batch: &OpenBatch) {
    let Some(aside) = &batch.state.reservation else { return };
    if let Err(error) = money.record_unsettled_usage(&settlement(context, batch, aside)).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            batch = batch.key.id(),
            "the usage of a batch could not be noted; the next chunk notes it"
        );
    }
}

fn settlement(context: &Context, batch: &OpenBatch, aside: &BatchReservation) -> Settlement {
    let at = context.clock();
    let reservation = reservation(batch, aside);
    let metered = metered(&batch.state, &reservation.presumed, at);
    let correlation_id = context.correlation_id.clone();
    Settlement { reservation, metered, at, cache: None, correlation_id }
}

/// The reservation as it was made. It is presumed to have cost nothing.
fn reservation(batch: &OpenBatch, aside: &BatchReservation) -> Reservation {
    let presumed = AiRequestMetered {
        request_id: aside.request_id,
        account_id: batch.state.created_by,
        api_key_id: batch.state.api_key,
        feature: Feature::Completion,
        model: aside.model.clone(),
        provider: aside.provider.clone(),
        tokens: TokenCounts::default(),
        cost_nano_usd: 0,
        other_models: Vec::new(),
        unmetered: UnmeteredUsage::default(),
        price_version: aside.price_version.clone(),
        attempts: 0,
        latency_ms: 0,
        cache: CacheUse::Bypass,
        outcome: RequestOutcome::Failed,
        variant: None,
    };
    Reservation {
        tenant: batch.key.tenant(),
        at: aside.at,
        lease_until: aside.lease_until,
        bound: aside.bound_nano_usd,
        shard: aside.shard,
        replaces: None,
        presumed,
        until: None,
    }
}

/// The usage of all lines as one request: the model of the reservation stands for it, and others beside it.
fn metered(batch: &Batch, presumed: &AiRequestMetered, at: Timestamp) -> AiRequestMetered {
    let others: Vec<ModelUsage> =
        batch.usage.iter().filter(|used| used.model != presumed.model).cloned().collect();
    let took = at.millis().saturating_sub(batch.times.in_progress.unwrap_or(at).millis());
    AiRequestMetered {
        tokens: batch.tokens(),
        cost_nano_usd: batch.cost_nano_usd(),
        other_models: others,
        unmetered: batch.unmetered(),
        attempts: batch.attempts,
        latency_ms: u64::try_from(took).unwrap_or_default(),
        price_version: match &batch.provider_job {
            Some(_) => batch_version(&presumed.price_version),
            None => presumed.price_version.clone(),
        },
        outcome: if batch.completed > 0 { RequestOutcome::Answered } else { RequestOutcome::Failed },
        ..presumed.clone()
    }
}
