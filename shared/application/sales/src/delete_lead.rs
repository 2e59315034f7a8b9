//! Deletes a lead: one read, one write. It leaves every list at once; its contact stays until it is erased, which is
//! another use case.

use super::own_lead::lead_key;
use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{Context, Error, Precondition, check_owner};
use domain::Versioned;
use domain::authority::{Authority, WriteLeads};
use domain::id::LeadId;
use domain::sales::{self, Lead};
use ports::Store;

/// Deletes the lead; deleting it again changes nothing.
pub async fn delete_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    id: &LeadId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let deletion = Change {
        key: lead_key(authority, id),
        subjects: &[],
        precondition,
        access: &|lead: &Lead| check_owner(authority, lead.details.owner_id),
        decide: &|lead: &Versioned<Lead>| Ok(sales::delete_lead(&lead.state).into_iter().collect()),
        erases: &[],
        removes: true,
    };
    change(&command, &deletion).await.map(drop)
}
