//! The caller's own profile.

use application_core::Error;
use domain::authority::{Authority, UseAccount};
use domain::identity::{Account, AccountFactors};
use domain::tenancy::{Member, Organization};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store, StoredState};

/// The account of the caller, and its place in the organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The account with its version.
    pub account: Versioned<Account>,
    /// Its membership in the organization.
    pub member: Member,
    /// The organization.
    pub organization: Organization,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: bool,
}

/// The caller's profile: one batch read.
pub async fn get_profile(store: &dyn Store, authority: &Authority<UseAccount>) -> Result<Profile, Error> {
    let account = authority.account();
    let keys = [
        AggregateKey::new(authority.account_organization(), AggregateType::Account, &account),
        AggregateKey::new(authority.tenant(), AggregateType::Member, &account),
        AggregateKey::new(authority.tenant(), AggregateType::Organization, &authority.tenant()),
        AggregateKey::new(authority.account_organization(), AggregateType::AccountFactors, &account),
    ];
    let mut states = store.load_many(&keys).await?.into_iter();
    let mut next = || states.next().flatten().ok_or(Error::NotFound);
    let (account, member, organization) = (next()?, next()?, next()?);
    let factors = states.next().flatten().map(StoredState::decode::<AccountFactors>).transpose()?;
    let mfa_enabled = factors.is_some_and(|factors| factors.state.is_required_at_login());
    let (member, organization) = (member.decode()?.state, organization.decode()?.state);
    Ok(Profile { account: account.decode()?, member, organization, mfa_enabled })
}
