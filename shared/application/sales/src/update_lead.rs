//! Replaces a lead's fields: one read, one write.

use super::own_lead::{lead_access, lead_key};
use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{Context, Error, Precondition};
use domain::authority::{Authority, WriteLeads};
use domain::field::all_of;
use domain::id::LeadId;
use domain::sales::{self, Lead, LeadInput};
use domain::{InvalidFields, Versioned};
use ports::Store;

/// The replacement of a lead's fields.
pub struct LeadReplacement<'a> {
    /// The versions of the lead that may be replaced.
    pub precondition: &'a Precondition,
    /// The new fields.
    pub input: &'a LeadInput<'a>,
    /// Refuses members that a caller can't set and that differ from the current lead.
    pub check: &'a (dyn Fn(&Versioned<Lead>) -> Result<(), InvalidFields> + Sync),
}

/// Replaces the fields of the lead if its version is one that the caller names.
pub async fn update_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    id: &LeadId,
    replacement: &LeadReplacement<'_>,
) -> Result<Versioned<Lead>, Error> {
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let update = Change {
        key: lead_key(authority, id),
        subjects: &[Lead::subject(id)],
        precondition: replacement.precondition,
        access: &|lead: &Lead| lead_access(authority, lead),
        decide: &|lead: &Versioned<Lead>| {
            let event = sales::update_lead(&lead.state, replacement.input);
            Ok(all_of((replacement.check)(lead), event)?.into_iter().collect())
        },
        erases: &[],
        removes: false,
    };
    Ok(change(&command, &update).await?.value)
}
