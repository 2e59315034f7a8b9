//! The caller's organization.

use application_core::limits::{READS, limited};
use application_core::{Context, Error, repository};
use domain::authority::{Authority, ReadOrganization};
use domain::tenancy::Organization;
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, LimitDecision, Limiter, Store};

/// The organization: one read.
pub async fn get_organization(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ReadOrganization>,
) -> Result<(Versioned<Organization>, LimitDecision), Error> {
    let tenant = authority.tenant();
    let read = async {
        let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
        repository::load(store, &key).await?.ok_or(Error::NotFound)
    };
    limited(limiter, READS, &authority.account().to_string(), context.now, Box::pin(read)).await
}
