//! The caller's own profile.

use application_core::Error;
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::id::{AccountId, OrganizationId};
use domain::identity::Account;
use domain::tenancy::Member;
use ports::{AggregateKey, Store};

/// The account of the caller and its role.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The account.
    pub account: Account,
    /// Its membership in the organization.
    pub member: Member,
}

/// The caller's profile: one batch read.
pub async fn get_profile(store: &dyn Store, authority: &Authority<UseAccount>) -> Result<Profile, Error> {
    let found = account_and_member(store, authority.tenant(), authority.account()).await?;
    let (account, member) = found.ok_or(Error::NotFound)?;
    Ok(Profile { account, member })
}

pub(super) async fn account_and_member(
    store: &dyn Store,
    tenant: OrganizationId,
    account: AccountId,
) -> Result<Option<(Account, Member)>, Error> {
    let keys =
        [AggregateType::Account, AggregateType::Member].map(|kind| AggregateKey::new(tenant, kind, &account));
    let mut states = store.load_many(&keys).await?.into_iter();
    super::login::both(states.next().flatten(), states.next().flatten())
}
