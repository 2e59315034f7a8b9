//! Creates a lead: one write.

use super::own_lead::{lead_access, lead_key};
use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::RepeatableResult;
use application_core::repository::Actor;
use application_core::{Context, Error};
use domain::Versioned;
use domain::authority::{Authority, WriteLeads};
use domain::sales::{self, Lead, LeadInput};
use ports::{IdempotencyKey, Store};

/// Creates a lead that the caller owns.
pub async fn create_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    input: &LeadInput<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Versioned<Lead>>, Error> {
    let id = context.new_id()?;
    let event = sales::create_lead(id, authority.account(), input)?;
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let creation = Creation {
        key: lead_key(authority, &id),
        subjects: &[Lead::subject(&id)],
        event: &event,
        access: &|lead: &Lead| lead_access(authority, lead),
        admission: None,
    };
    create_once(&command, creation).await
}
