//! Creates an API key: one write. Its secret is shown once; a repeated request gets the key's record without it,
//! because the secret is not stored.

use super::api_key_text::ApiKeyText;
use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::Answer;
use application_core::repository::Actor;
use application_core::{Access, Context, Error};
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use domain::tenancy::{self, ApiKey, CreateApiKey};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, IdempotencyKey, Store};
use std::fmt;

/// The request of an admin.
#[derive(Debug)]
pub struct NewApiKey<'a> {
    /// The name of the key.
    pub name: &'a str,
    /// Names of scopes.
    pub scopes: &'a [String],
    /// The number of days for which it is valid.
    pub expires_in_days: Option<i64>,
}

/// A created key.
#[derive(Clone, PartialEq)]
pub struct CreatedApiKey {
    /// Its record.
    pub record: Versioned<ApiKey>,
    /// Its text, shown only once; none for a repeated request.
    pub text: Option<String>,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("id", &self.record.state.id).finish_non_exhaustive()
    }
}

/// Creates a key of the caller's organization.
pub async fn create_api_key(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageApiKeys>,
    input: &NewApiKey<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Answer<CreatedApiKey>, Error> {
    let id: ApiKeyId = context.new_id()?;
    let text = ApiKeyText::new(authority.tenant(), id, context)?;
    let event = tenancy::create_api_key(CreateApiKey {
        id,
        name: input.name,
        scopes: input.scopes,
        expires_in_days: input.expires_in_days,
        prefix: text.prefix(),
        secret_hash: text.hash(),
        created_by: authority.account(),
        at: context.now,
    })?;
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let creation = Creation {
        key: AggregateKey::new(authority.tenant(), AggregateType::ApiKey, &id),
        subjects: &[],
        event: &event,
        access: &|key: &ApiKey| match key.revoked_at {
            None => Access::Granted,
            Some(_) => Access::Missing,
        },
        admission: None,
    };
    let Answer { value: record, replayed } = create_once(&command, creation).await?;
    let text = (!replayed).then(|| text.encode());
    Ok(Answer { value: CreatedApiKey { record, text }, replayed })
}
