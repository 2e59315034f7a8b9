//! The caller's organization.

use application_core::{Error, repository};
use domain::authority::{Authority, ReadOrganization};
use domain::tenancy::Organization;
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store};

/// The organization: one read.
pub async fn get_organization(
    store: &dyn Store,
    authority: &Authority<ReadOrganization>,
) -> Result<Versioned<Organization>, Error> {
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
    repository::load(store, &key).await?.ok_or(Error::NotFound)
}
