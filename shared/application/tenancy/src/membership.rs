//! The change of a member, and together with it of the set of active admins that the organization has: one transaction.
//! Two changes of admins therefore can't happen at the same time, and the last active admin stays.

use application_core::command::{Decide, retry_on_conflict};
use application_core::repository::{Actor, PendingChange};
use application_core::{AccessDecision, Context, CurrentVersion, Error, Precondition};
use domain::authority::Caller;
use domain::id::AccountId;
use domain::tenancy::{LastAdmin, Member, MemberStatus, Organization, change_admin};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store, StoreError, Transaction};

/// The change of a member.
pub(crate) struct MembershipChange<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) context: &'a Context,
    pub(crate) caller: &'a Caller,
    /// The member's account.
    pub(crate) account: AccountId,
    /// The client's condition on the version of the member.
    pub(crate) precondition: &'a Precondition,
    /// Whether the caller may change the member.
    pub(crate) access: &'a (dyn Fn(&Member) -> AccessDecision + Sync),
    /// Decides the events; none if the member needs no change.
    pub(crate) decide: &'a Decide<'a, Member>,
    /// True for a removal, which can be repeated. Any other change does not find a member who was removed.
    pub(crate) removes: bool,
}

/// Changes the member: one read, one write, and one more read if the set of active admins changes.
///
/// # Errors
///
/// [`Error::LastAdmin`] if no active admin would be left.
pub(crate) async fn change_member(change: &MembershipChange<'_>) -> Result<Versioned<Member>, Error> {
    retry_on_conflict(|| Box::pin(attempt(change))).await
}

async fn attempt(change: &MembershipChange<'_>) -> Result<Versioned<Member>, Error> {
    let (store, tenant) = (change.store, change.caller.tenant);
    let key = AggregateKey::new(tenant, AggregateType::Member, &change.account);
    let mut member = PendingChange::<Member>::load(store, key.clone(), &[]).await?.ok_or(Error::NotFound)?;
    (change.access)(member.state()).enforce(&key)?;
    if !change.removes {
        if member.state().status == MemberStatus::Removed {
            return Err(Error::NotFound);
        }
        change.precondition.check(CurrentVersion::Number(member.version()))?;
    }
    let events = (change.decide)(member.current())?;
    if events.is_empty() {
        return Ok(member.into_current());
    }
    if change.removes {
        change.precondition.check(CurrentVersion::Number(member.version()))?;
    }
    let actor = Actor::caller(change.caller);
    let was_admin = member.state().is_active_admin();
    for event in &events {
        member.record(event, change.context, &actor)?;
    }
    let is_admin = member.state().is_active_admin();
    let (member_change, after) = member.finish()?;
    let mut changes = vec![member_change];
    if was_admin != is_admin {
        changes.extend(admins_change(change, &actor, is_admin).await?);
    }
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(after)
}

/// The part of the transaction that changes the organization's set of active admins.
async fn admins_change(
    change: &MembershipChange<'_>,
    actor: &Actor,
    becomes_admin: bool,
) -> Result<Option<ports::Change>, Error> {
    let tenant = change.caller.tenant;
    let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
    let mut organization = PendingChange::<Organization>::load(change.store, key, &[])
        .await?
        .ok_or(StoreError::Malformed("a member of no organization"))?;
    let events = change_admin(organization.state(), change.caller.account, change.account, becomes_admin)
        .map_err(|LastAdmin| Error::LastAdmin)?;
    if events.is_empty() {
        return Ok(None);
    }
    for event in &events {
        organization.record(event, change.context, actor)?;
    }
    Ok(Some(organization.finish()?.0))
}
