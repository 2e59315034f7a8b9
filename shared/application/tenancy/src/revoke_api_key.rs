//! Revokes an API key: one read, one write. Its record stays listed.

use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use domain::tenancy::{self, ApiKey};
use ports::{AggregateKey, Store};

/// Revokes the key; revoking it again changes nothing.
pub async fn revoke_api_key(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageApiKeys>,
    id: &ApiKeyId,
) -> Result<(), Error> {
    let key = AggregateKey::new(authority.tenant(), AggregateType::ApiKey, id);
    for _ in 0..3 {
        let mut work = Work::<ApiKey>::load(store, key.clone(), &[]).await?.ok_or(Error::NotFound)?;
        let record = work.state().ok_or(Error::NotFound)?;
        let Some(event) = tenancy::revoke_api_key(record) else { return Ok(()) };
        work.record(&event, context, &Actor::caller(authority.caller()))?;
        match work.commit(store).await {
            Err(Error::VersionMismatch) => {}
            result => return result.map(drop),
        }
    }
    Err(Error::Contended)
}
