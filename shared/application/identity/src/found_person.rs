//! The person who signs in: the account, its second factors, and the membership in the organization that is entered.

use crate::second_factors::factors_key;
use application_core::Error;
use application_core::repository::PendingChange;
use domain::id::{AccountId, OrganizationId, SubjectId};
use domain::identity::{Account, AccountFactors};
use domain::tenancy::Member;
use domain::{AggregateType, Versioned};
use futures_util::future::try_join;
use ports::{AggregateKey, LoadedToChange, Store, StoredState, SubjectKeys};

/// An account, and its membership in the organization that it enters.
pub(crate) struct FoundPerson {
    pub(crate) organization: OrganizationId,
    pub(crate) account: Account,
    pub(crate) member: Versioned<Member>,
    /// The second factors; `None` for an account that never had one.
    pub(crate) factors: Option<PendingChange<AccountFactors>>,
    /// The organization's key for the person; empty unless it was asked for.
    pub(crate) subject_keys: SubjectKeys,
}

/// Reads everything about a person who signs in: two reads at the same time. The key of the person is read only for a
/// session whose device is named.
pub(crate) async fn load_person(
    store: &dyn Store,
    organization: OrganizationId,
    account: AccountId,
    names_device: bool,
) -> Result<Option<FoundPerson>, Error> {
    let keys = [
        AggregateKey::new(organization, AggregateType::Account, &account),
        factors_key(organization, account),
    ];
    let member_key = AggregateKey::new(organization, AggregateType::Member, &account);
    let subjects: &[SubjectId] = if names_device { &[Member::subject(&account)] } else { &[] };
    let (states, member) =
        try_join(store.load_many(&keys), store.load_to_change(&member_key, subjects)).await?;
    let mut states = states.into_iter();
    let (account, factors) = (states.next().flatten(), states.next().flatten());
    let (Some(account), Some(member)) = (account, member) else { return Ok(None) };
    let [_, factors_key] = keys;
    let resumed = |state: StoredState| {
        PendingChange::resume(factors_key, LoadedToChange { state, subject_keys: SubjectKeys::new() })
    };
    Ok(Some(FoundPerson {
        organization,
        account: account.decode()?.state,
        factors: factors.map(resumed).transpose()?,
        member: member.state.decode()?,
        subject_keys: member.subject_keys,
    }))
}
