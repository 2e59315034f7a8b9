//! Changes the caller's name and preferences: three reads, one write. The member of the organization where the account is stored
//! gets the new name in the same transaction. Members of other organizations that the account joined keep the former one.

use super::get_profile::{Profile, get_profile};
use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, CurrentVersion, Error, Precondition};
use domain::authority::{Authority, UseAccount};
use domain::field::all_of;
use domain::identity::{self, Account, ProfileInput};
use domain::tenancy::{Member, MemberPerson, rename_member};
use domain::{AggregateType, InvalidFields};
use ports::{AggregateKey, Store, Transaction};

/// The replacement of a profile.
pub struct ProfileReplacement<'a> {
    /// The versions of the account that may be replaced.
    pub precondition: &'a Precondition,
    /// The new fields.
    pub input: &'a ProfileInput<'a>,
    /// Refuses members that a caller can't set and that differ from the current profile.
    pub check: &'a (dyn Fn(&Profile) -> Result<(), InvalidFields> + Sync),
}

/// Replaces name and preferences if the account's version is one that the caller names. If nothing changes, nothing is written.
pub async fn update_profile(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    replacement: &ProfileReplacement<'_>,
) -> Result<Profile, Error> {
    retry_on_conflict(|| Box::pin(attempt(store, context, authority, replacement))).await
}

async fn attempt(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    replacement: &ProfileReplacement<'_>,
) -> Result<Profile, Error> {
    let (home, id) = (authority.account_organization(), authority.account());
    let actor = Actor::caller(authority.caller());
    let shown = get_profile(store, authority).await?;
    let key = AggregateKey::new(home, AggregateType::Account, &id);
    let account = PendingChange::<Account>::load(store, key, &[Account::subject(&id)]).await?;
    let mut account = account.ok_or(Error::NotFound)?;
    replacement.precondition.check(CurrentVersion::Number(account.version()))?;
    let event = identity::update_profile(account.state(), replacement.input);
    let Some(event) = all_of((replacement.check)(&shown), event)? else {
        return Ok(Profile { account: account.into_current(), ..shown });
    };
    account.record(&event, context, &actor)?;
    let renamed = renamed_member(store, context, authority, account.state()).await?;
    let (change, account) = account.finish()?;
    let changes = std::iter::once(change).chain(renamed).collect();
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(Profile { account, ..shown })
}

/// The change of the member in the organization where the account is stored, if its copy of the person is another one.
async fn renamed_member(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    account: &Account,
) -> Result<Option<ports::Change>, Error> {
    let key = AggregateKey::new(authority.account_organization(), AggregateType::Member, &account.id);
    let member = PendingChange::<Member>::load(store, key, &[Member::subject(&account.id)]).await?;
    let (Some(mut member), Some(person)) = (member, &account.person) else { return Ok(None) };
    let person = MemberPerson { email: person.email.clone(), name: person.name.clone() };
    let Some(event) = rename_member(member.state(), person) else { return Ok(None) };
    member.record(&event, context, &Actor::caller(authority.caller()))?;
    Ok(Some(member.finish()?.0))
}
