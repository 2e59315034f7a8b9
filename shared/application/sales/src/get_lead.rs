//! Reads a lead: one read.

use super::own_lead::{lead_access, lead_key};
use application_core::{Error, repository};
use domain::Versioned;
use domain::authority::{Authority, ReadLeads};
use domain::id::LeadId;
use domain::sales::Lead;
use ports::Store;

/// The lead, if the caller may see it.
pub async fn get_lead(
    store: &dyn Store,
    authority: &Authority<ReadLeads>,
    id: &LeadId,
) -> Result<Versioned<Lead>, Error> {
    let key = lead_key(authority, id);
    let lead = repository::load::<Lead>(store, &key).await?.ok_or(Error::NotFound)?;
    lead_access(authority, &lead.state).enforce(&key)?;
    Ok(lead)
}
