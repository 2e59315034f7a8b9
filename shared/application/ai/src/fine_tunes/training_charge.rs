//! The money for training. The most that it can cost is set aside before the provider is asked, and charged once when the
//! training ended. Bedrock reports no trained tokens, so the charge is presumed: all that was set aside, or nothing where
//! the job ended before it trained.

use super::advance::Tools;
use application_core::{Context, Error, repository};
use domain::AggregateType;
use domain::ai::fine_tune::FineTune;
use domain::ai::{
    AiBudget, AiRequestMetered, CacheUse, Feature, RequestOutcome, TokenCounts, UnmeteredUsage,
};
use domain::id::OrganizationId;
use ports::{AggregateKey, BudgetScope, Reservation, ReserveError, Settlement};
use std::time::Duration;

/// How long the money stays set aside when the end of the training is never seen: longer than a job waits and trains.
const LEASE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The money for a training.
pub(super) enum MoneyForTraining {
    /// It is set aside, now or by an earlier run.
    SetAside,
    /// This budget has no room for it.
    NoRoom(BudgetScope),
    /// An earlier run gave it back, because there will be no job.
    GivenBack,
    /// The table of models has no price for it any more.
    NoPrice,
}

/// Sets the most that the training can cost aside, once.
pub(super) async fn set_aside(
    tools: Tools<'_>,
    context: &Context,
    tenant: OrganizationId,
    state: &FineTune,
) -> Result<MoneyForTraining, Error> {
    // An earlier run may have set the money aside. Asking again would count it twice, and might find no room beside it.
    if tools.ai.reservation(tenant, state.training_request()).await?.is_some() {
        return Ok(MoneyForTraining::SetAside);
    }
    let model = tools.registry.model(&state.base_model).ok();
    let Some((price, provider)) = model.and_then(|model| Some((model.training?, model.provider))) else {
        return Ok(MoneyForTraining::NoPrice);
    };
    let tokens = TokenCounts { input: state.training_tokens(), ..TokenCounts::default() };
    let cost = tokens.input.saturating_mul(price);
    let mut reservation = Reservation {
        tenant,
        at: context.now,
        lease_until: context.now.plus(LEASE),
        bound: cost,
        shard: 0,
        replaces: None,
        presumed: AiRequestMetered {
            request_id: state.training_request(),
            account_id: state.created_by,
            api_key_id: None,
            feature: Feature::FineTuning,
            model: state.model_name().to_string(),
            provider: provider.as_str().to_owned(),
            tokens,
            cost_nano_usd: cost,
            other_models: Vec::new(),
            unmetered: UnmeteredUsage { tokens, cost_nano_usd: cost },
            price_version: tools.registry.version.clone(),
            attempts: 1,
            latency_ms: 0,
            cache: CacheUse::Bypass,
            outcome: RequestOutcome::Presumed,
            variant: None,
        },
        until: None,
    };
    let key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let budget = repository::load::<AiBudget>(tools.store, &key).await?;
    let limits = budget.map(|budget| budget.state.limits).unwrap_or_default();
    match tools.ai.reserve(&mut reservation, &limits, None).await {
        Ok(()) => Ok(MoneyForTraining::SetAside),
        Err(ReserveError::OverBudget(scope)) => Ok(MoneyForTraining::NoRoom(scope)),
        // Another run may have set it aside since.
        Err(ReserveError::Repeated) => {
            let open = tools.ai.reservation(tenant, reservation.request_id()).await?;
            Ok(open.map_or(MoneyForTraining::GivenBack, |_| MoneyForTraining::SetAside))
        }
        // Nothing waits for an answer of the training.
        Err(ReserveError::InFlight) => Err(Error::Conflict),
        Err(ReserveError::Store(error)) => Err(error.into()),
    }
}

/// Charges training that ended, or gives the money back when nothing was trained. Without open money it does nothing: the
/// training was charged before, or was begun before training was metered.
pub(super) async fn settle(
    tools: Tools<'_>,
    context: &Context,
    tenant: OrganizationId,
    state: &FineTune,
    trained: bool,
) -> Result<(), Error> {
    let open = tools.ai.reservation(tenant, state.training_request()).await?;
    let Some(reservation) = open else { return Ok(()) };
    let took = context.now.millis().saturating_sub(reservation.began().millis());
    let presumed = AiRequestMetered {
        latency_ms: u64::try_from(took).unwrap_or_default(),
        outcome: RequestOutcome::Answered,
        ..reservation.presumed.clone()
    };
    let metered = if trained {
        presumed
    } else {
        AiRequestMetered {
            tokens: TokenCounts::default(),
            cost_nano_usd: 0,
            unmetered: UnmeteredUsage::default(),
            outcome: RequestOutcome::Failed,
            ..presumed
        }
    };
    let (cost, model) = (metered.cost_nano_usd, metered.model.clone());
    let settlement = Settlement {
        reservation,
        metered,
        at: context.now,
        cache: None,
        correlation_id: context.correlation_id.clone(),
    };
    if tools.ai.settle(&settlement).await? {
        let feature = Feature::FineTuning.as_str();
        tracing::info!(ai_cost_nano_usd = cost, feature, model, "the training of a model was charged");
    }
    Ok(())
}
