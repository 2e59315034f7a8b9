//! Settles the reservations of processes that died: money that was set aside for requests whose lease has ended. When a
//! process could still write the usage of its request, that usage is charged. Otherwise the usage is unknown, so the
//! whole amount set aside is charged. A request that was settled in the meantime stays as it is:
//! [`RequestMoney::settle`] happens once.

use application_core::{Context, Error};
use domain::ai::RequestOutcome;
use ports::{AiState, RequestMoney, Reservation, Settlement, StoreError};
use std::time::Duration;

/// The most that one run settles. The rest waits for the next run, a minute later.
const MOST: u32 = 500;
/// A settlement is not begun with less time left: while others change the same counters it takes up to five seconds.
const TIME_FOR_ONE: Duration = Duration::from_secs(6);

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// The number of requests that were charged the whole amount set aside.
    pub presumed: u64,
    /// The sum of these charges, in nano-dollars.
    pub nano_usd: u64,
    /// The number of requests that were charged their written usage.
    pub recorded: u64,
    /// The number of requests that were settled elsewhere first.
    pub settled_before: u64,
}

/// Settles the reservations whose lease has ended, the oldest leases first, until there are none, there were 500, or
/// the deadline is near. A failing one does not stop the others; at the end the run fails with the first failure, and
/// the next run tries them again.
pub async fn settle_expired(state: &dyn AiState, context: &Context) -> Result<SweepReport, Error> {
    let mut swept = SweepReport::default();
    let mut failure = None;
    for reservation in state.expired(context.now, MOST).await? {
        if context.time_left() < TIME_FOR_ONE {
            tracing::warn!("requests to models are left for the next run");
            break;
        }
        match settle_one(state, context, reservation, &mut swept).await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a request to a model could not be settled; the next run tries again"
                );
                failure.get_or_insert(error);
            }
        }
    }
    if swept.presumed > 0 {
        tracing::warn!(
            ai_presumed_requests = swept.presumed,
            ai_presumed_nano_usd = swept.nano_usd,
            "requests to models were charged their whole reservations, because their processes ended early"
        );
    }
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(swept),
    }
}

async fn settle_one(
    money: &dyn RequestMoney,
    context: &Context,
    reservation: Reservation,
    swept: &mut SweepReport,
) -> Result<(), StoreError> {
    let metered = reservation.presumed.clone();
    let (feature, cost, outcome) = (metered.feature.as_str(), metered.cost_nano_usd, metered.outcome);
    let settlement = Settlement {
        reservation,
        metered,
        at: context.now,
        // The process that made the completion is gone, and the right to make it ended with the lease.
        cache: None,
        correlation_id: context.correlation_id.clone(),
    };
    if !money.settle(&settlement).await? {
        swept.settled_before += 1;
        return Ok(());
    }
    tracing::info!(ai_cost_nano_usd = cost, feature, "a request to a model is presumed to have ended");
    if outcome != RequestOutcome::Presumed {
        swept.recorded += 1;
        return Ok(());
    }
    swept.presumed += 1;
    swept.nano_usd = swept.nano_usd.saturating_add(cost);
    Ok(())
}
