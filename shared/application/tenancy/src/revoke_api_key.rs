//! Revokes an API key: one read, one write. Its record stays listed.

use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error, Precondition};
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use domain::tenancy::{self, ApiKey};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store};

/// Revokes the key; revoking it again changes nothing.
pub async fn revoke_api_key(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageApiKeys>,
    id: &ApiKeyId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let revocation = Change {
        key: AggregateKey::new(authority.tenant(), AggregateType::ApiKey, id),
        subjects: &[],
        precondition,
        access: &|_: &ApiKey| AccessDecision::Granted,
        decide: &|key: &Versioned<ApiKey>| Ok(tenancy::revoke_api_key(&key.state).into_iter().collect()),
        erases: &[],
        removes: true,
    };
    change(&command, &revocation).await.map(drop)
}
