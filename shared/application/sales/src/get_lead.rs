//! Reads a lead: one read, with the rate limit at the same time.

use super::own_lead::{lead_access, lead_key};
use application_core::limits::{READS, limited};
use application_core::{Context, Error, repository};
use domain::Versioned;
use domain::authority::{Authority, ReadLeads};
use domain::id::LeadId;
use domain::sales::Lead;
use ports::{LimitDecision, Limiter, Store};

/// The lead, if the caller may see it.
pub async fn get_lead(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ReadLeads>,
    id: &LeadId,
) -> Result<(Versioned<Lead>, LimitDecision), Error> {
    let key = lead_key(authority, id);
    let read = async { Ok(repository::load::<Lead>(store, &key).await?) };
    let who = authority.account().to_string();
    let (lead, decision) = limited(limiter, READS, &who, context.now, Box::pin(read)).await?;
    let lead = lead.ok_or(Error::NotFound)?;
    lead_access(authority, &lead.state).enforce(store, context, &key).await?;
    Ok((lead, decision))
}
