//! Creates a lead: one write.

use super::own_lead::lead_key;
use application_core::idempotency::{Answer, earlier, outcome, remember, repeated, replay};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::Versioned;
use domain::authority::{Authority, WriteLeads};
use domain::sales::{self, Lead, LeadInput};
use ports::{IdempotencyKey, Store, Transaction};

/// Creates a lead that the caller owns.
pub async fn create_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    input: &LeadInput<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Answer<Versioned<Lead>>, Error> {
    let id = context.new_id()?;
    let event = sales::create_lead(id, authority.account(), input)?;
    let mut work = Work::<Lead>::create(lead_key(authority, &id), [Lead::subject(&id)]);
    work.record(&event, context, &Actor::account(authority.account()))?;
    let (change, after) = work.finish()?;
    let transaction = Transaction {
        changes: vec![change],
        idempotency: remember(idempotency, || outcome(&id, after.version), context.now),
        ..Transaction::default()
    };
    match store.commit(&transaction).await {
        Ok(()) => Ok(Answer::first(after)),
        Err(error) => {
            let outcome = earlier(idempotency, repeated(error)?)?;
            let key = |id: &str| id.parse().map(|id| lead_key(authority, &id)).map_err(|_| Error::NotFound);
            let may_show = |lead: &Lead| lead.deleted_at.is_none() && authority.covers(lead.details.owner_id);
            replay(store, key, outcome, may_show).await?.ok_or(Error::Gone)
        }
    }
}
