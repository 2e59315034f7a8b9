//! Creates an API key: one count of those there are beside the rate limit, and one write. Its secret is shown once; a repeated request gets the key's record without it, because
//! the secret is nowhere.

use super::api_key_text::ApiKeyText;
use application_core::idempotency::{Answer, claim, earlier, outcome, remember, repeated, replay};
use application_core::limits::{NEW_API_KEYS, limited};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::authority::{Authority, ManageApiKeys};
use domain::id::{ApiKeyId, OrganizationId};
use domain::tenancy::{self, ApiKey, CreateApiKey};
use domain::{AggregateType, Timestamp};
use ports::{AggregateKey, IdempotencyKey, Limiter, ListOrder, ListQuery, Store, Transaction};
use serde_json::Value;
use std::fmt;

/// How many keys an organization may have that are neither revoked nor expired.
const MOST_USABLE_KEYS: usize = 100;
/// Keys of one page of the count.
const PAGE: u32 = 100;
/// Seconds after which a key has expired, whatever its creator asked for: 365 days, and one for the end of the day.
const LONGEST_LIFE: i64 = 366 * 24 * 3600;

/// What an administrator asks for.
#[derive(Debug)]
pub struct NewApiKey<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Names of scopes.
    pub scopes: &'a [String],
    /// How long it is valid, in days.
    pub expires_in_days: Option<i64>,
}

/// A key that was created.
#[derive(Clone, PartialEq)]
pub struct CreatedApiKey {
    /// Its record.
    pub record: ApiKey,
    /// Its text, shown this once; none for a repeated request.
    pub text: Option<String>,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("id", &self.record.id).finish_non_exhaustive()
    }
}

/// Creates a key of the caller's organization.
pub async fn create_api_key(
    (store, limiter): (&dyn Store, &dyn Limiter),
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
    let tenant = authority.tenant();
    let key = |id: &ApiKeyId| AggregateKey::new(tenant, AggregateType::ApiKey, id);
    let counted = Box::pin(count_usable(store, tenant, context.now));
    let who = tenant.to_string();
    let (usable, _) = limited(limiter, NEW_API_KEYS, &who, context.now, counted).await?;
    let mut work = Work::<ApiKey>::create(key(&id), []);
    work.record(&event, context, &Actor::caller(authority.caller()))?;
    let (change, after) = work.finish()?;
    let transaction = Transaction {
        changes: vec![change],
        idempotency: remember(idempotency, || outcome(&id, after.version), context.now),
        ..Transaction::default()
    };
    let committed =
        if usable < MOST_USABLE_KEYS { store.commit(&transaction).await.map_err(Some) } else { Err(None) };
    match committed {
        Ok(()) => Ok(Answer::first(CreatedApiKey { record: after.state, text: Some(text.encode()) })),
        Err(error) => {
            let outcome = match error {
                Some(error) => earlier(idempotency, repeated(error)?)?,
                // The request that made the last of them may be repeated.
                None => earlier_request(store, context, idempotency).await?.ok_or(Error::TooManyApiKeys)?,
            };
            let key = |id: &str| id.parse().map(|id| key(&id)).map_err(|_| Error::NotFound);
            let may_show = |key: &ApiKey| key.revoked_at.is_none();
            let Answer { value, replayed } =
                replay(store, key, outcome, may_show).await?.ok_or(Error::Gone)?;
            Ok(Answer { value: CreatedApiKey { record: value.state, text: None }, replayed })
        }
    }
}

/// How many keys of the organization can be used. The list is an index that follows its table: one created at this very
/// moment may be missing, so that requests at the same moment may pass the limit by a few.
async fn count_usable(store: &dyn Store, tenant: OrganizationId, now: Timestamp) -> Result<usize, Error> {
    let mut query = ListQuery {
        tenant,
        kind: AggregateType::ApiKey,
        owner: None,
        order: ListOrder::Created,
        filters: Vec::new(),
        min_score: None,
        created_from: Some(now.plus_seconds(-LONGEST_LIFE)),
        created_to: None,
        limit: PAGE,
        after: None,
    };
    let mut usable = 0;
    loop {
        let page = store.list(&query).await?;
        for item in page.items {
            let key = item.decode::<ApiKey>()?.state;
            usable += usize::from(key.revoked_at.is_none() && key.expires_at > now);
        }
        match page.next {
            Some(next) if usable < MOST_USABLE_KEYS => query.after = Some(next),
            _ => return Ok(usable),
        }
    }
}

/// What an earlier request with this key led to, if there was one.
async fn earlier_request(
    store: &dyn Store,
    context: &Context,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Option<Value>, Error> {
    let earlier = claim(store, idempotency, context).await?;
    if let (None, Some(key)) = (&earlier, idempotency) {
        store.release(key).await?;
    }
    Ok(earlier)
}
