//! Creates an API key: one write. Its secret is shown once; a repeated request gets the key's record without it,
//! because the secret is not stored.

use super::api_key_text::ApiKeyText;
use application_core::idempotency::{Answer, earlier, outcome, remember, repeated, replay};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use domain::tenancy::{self, ApiKey, CreateApiKey};
use ports::{AggregateKey, IdempotencyKey, Store, Transaction};
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
    pub record: ApiKey,
    /// Its text, shown only once; none for a repeated request.
    pub text: Option<String>,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("id", &self.record.id).finish_non_exhaustive()
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
    let key = |id: &ApiKeyId| AggregateKey::new(authority.tenant(), AggregateType::ApiKey, id);
    let mut work = Work::<ApiKey>::create(key(&id), []);
    work.record(&event, context, &Actor::caller(authority.caller()))?;
    let (change, after) = work.finish()?;
    let transaction = Transaction {
        changes: vec![change],
        idempotency: remember(idempotency, || outcome(&id, after.version), context.now),
        ..Transaction::default()
    };
    match store.commit(&transaction).await {
        Ok(()) => Ok(Answer::first(CreatedApiKey { record: after.state, text: Some(text.encode()) })),
        Err(error) => {
            let outcome = earlier(idempotency, repeated(error)?)?;
            let key = |id: &str| id.parse().map(|id| key(&id)).map_err(|_| Error::NotFound);
            let may_show = |key: &ApiKey| key.revoked_at.is_none();
            let Answer { value, replayed } =
                replay(store, key, outcome, may_show).await?.ok_or(Error::Gone)?;
            Ok(Answer { value: CreatedApiKey { record: value.state, text: None }, replayed })
        }
    }
}
