//! The caller's own profile.

use application_core::limits::{READS, limited};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::id::{AccountId, OrganizationId};
use domain::identity::Account;
use domain::tenancy::Member;
use ports::{AggregateKey, LimitDecision, Limiter, Store};

/// The account of the caller and its role.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The account.
    pub account: Account,
    /// Its membership in the organization.
    pub member: Member,
}

/// The caller's profile: one batch read.
pub async fn get_profile(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<(Profile, LimitDecision), Error> {
    let read = async {
        let found = account_and_member(store, authority.tenant(), authority.account()).await?;
        let (account, member) = found.ok_or(Error::NotFound)?;
        Ok(Profile { account, member })
    };
    limited(limiter, READS, &authority.account().to_string(), context.now, Box::pin(read)).await
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
