//! Removes a member: an admin removes anybody, everybody may leave.

use super::membership::{MembershipChange, change_member};
use application_core::{Context, Error, Precondition, check_owner};
use domain::Versioned;
use domain::authority::{Authority, RemoveMembers};
use domain::id::AccountId;
use domain::tenancy::{self, Member};
use ports::Store;

/// Removes the member; removing it again changes nothing.
pub async fn remove_member(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<RemoveMembers>,
    account: AccountId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let removal = MembershipChange {
        store,
        context,
        caller: authority.caller(),
        account,
        precondition,
        access: &|member: &Member| check_owner(authority, member.account_id),
        decide: &|member: &Versioned<Member>| Ok(tenancy::remove_member(&member.state).into_iter().collect()),
        removes: true,
    };
    change_member(&removal).await.map(drop)
}
