//! Replaces the role and the status of a member.

use super::membership::{MembershipChange, change_member};
use application_core::{AccessDecision, Context, Error, Precondition};
use domain::authority::{Authority, ManageMembers};
use domain::field::all_of;
use domain::id::AccountId;
use domain::tenancy::{self, Member, MemberInput};
use domain::{InvalidFields, Versioned};
use ports::Store;

/// The replacement of a member's fields.
pub struct MemberReplacement<'a> {
    /// The versions of the member that may be replaced.
    pub precondition: &'a Precondition,
    /// The new fields.
    pub input: MemberInput<'a>,
    /// Refuses fields that a caller can't set and that differ from the current member.
    pub check: &'a (dyn Fn(&Versioned<Member>) -> Result<(), InvalidFields> + Sync),
}

/// Replaces role and status; the same ones again change nothing.
pub async fn update_member(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageMembers>,
    account: AccountId,
    replacement: &MemberReplacement<'_>,
) -> Result<Versioned<Member>, Error> {
    let update = MembershipChange {
        store,
        context,
        caller: authority.caller(),
        account,
        precondition: replacement.precondition,
        access: &|_: &Member| AccessDecision::Granted,
        decide: &|member: &Versioned<Member>| {
            let events = tenancy::update_member(&member.state, replacement.input);
            Ok(all_of((replacement.check)(member), events)?)
        },
        removes: false,
    };
    change_member(&update).await
}
