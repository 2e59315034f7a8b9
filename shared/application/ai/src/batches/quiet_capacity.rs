//! The capacity that an organization leaves to its batches: half of its limit of requests to models.

use super::advance::BatchTools;
use application_core::limits::AI_CALLS_OF_ORGANIZATION;
use application_core::{Context, Error};
use domain::id::OrganizationId;

/// Counts one line against the organization's limit, if at least half of the limit is left after it.
pub(super) async fn takes_quiet_capacity(
    tools: BatchTools<'_>,
    context: &Context,
    tenant: OrganizationId,
) -> Result<bool, Error> {
    let limiter = tools.completions.gateway.limiter();
    let decision = limiter.take(AI_CALLS_OF_ORGANIZATION, &tenant.to_string(), context.clock()).await?;
    if !decision.allowed {
        return Ok(false);
    }
    if decision.remaining < decision.limit.burst / 2 {
        give_back(tools, context, tenant).await?;
        return Ok(false);
    }
    Ok(true)
}

/// Takes the count of a line back that is not asked.
pub(super) async fn give_back(
    tools: BatchTools<'_>,
    context: &Context,
    tenant: OrganizationId,
) -> Result<(), Error> {
    let limiter = tools.completions.gateway.limiter();
    Ok(limiter.give_back(AI_CALLS_OF_ORGANIZATION, &tenant.to_string(), context.clock()).await?)
}
