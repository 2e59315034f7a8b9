//! Creates an API key: one count of the existing keys in addition to the rate limit, and one write. Its secret is shown
//! once; a repeated request gets the key's record without it, because the secret is stored nowhere.

use super::api_key_text::ApiKeyText;
use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::RepeatableResult;
use application_core::limits::{NEW_API_KEYS, limited};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error, lists};
use domain::authority::{Authority, ManageApiKeys};
use domain::id::{ApiKeyId, OrganizationId};
use domain::tenancy::{self, ApiKey, CreateApiKey};
use domain::{AggregateType, Timestamp, Versioned};
use ports::{AggregateKey, IdempotencyKey, Limiter, ListQuery, ListScope, RankBound, Store};
use std::fmt;

/// The most keys of an organization that are neither revoked nor expired.
const MOST_USABLE_KEYS: usize = 100;
/// The keys in one page of the count.
const PAGE: u32 = 100;
/// The seconds after which every key has expired: 365 days, and one more for the end of the day.
const LONGEST_LIFE: i64 = 366 * 24 * 3600;

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
    (store, limiter): (&dyn Store, &dyn Limiter),
    context: &Context,
    authority: &Authority<ManageApiKeys>,
    input: &NewApiKey<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<CreatedApiKey>, Error> {
    authority.require_recent_sign_in(context.now)?;
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
            None => AccessDecision::Granted,
            Some(_) => AccessDecision::Missing,
        },
        // A repeated request is answered even if its own key was the last allowed one.
        admission: Some(Box::pin(admit(store, limiter, authority.tenant(), context.now))),
    };
    let RepeatableResult { value: record, replayed } = create_once(&command, creation).await?;
    let text = (!replayed).then(|| text.encode());
    Ok(RepeatableResult { value: CreatedApiKey { record, text }, replayed })
}

/// Whether the organization may have one more key.
async fn admit(
    store: &dyn Store,
    limiter: &dyn Limiter,
    tenant: OrganizationId,
    now: Timestamp,
) -> Result<(), Error> {
    let who = tenant.to_string();
    let counted = Box::pin(count_usable(store, tenant, now));
    let (usable, _) = limited(limiter, NEW_API_KEYS, &who, now, counted).await?;
    if usable < MOST_USABLE_KEYS {
        return Ok(());
    }
    // The limit counts keys that are created.
    limiter.give_back(NEW_API_KEYS, &who, now).await?;
    Err(Error::TooManyApiKeys)
}

/// The number of usable keys of the organization. The list is an index that follows its table, so a key that was just
/// created may be missing, and simultaneous requests may exceed the limit by a few.
async fn count_usable(store: &dyn Store, tenant: OrganizationId, now: Timestamp) -> Result<usize, Error> {
    let scope = ListScope::Organization(tenant);
    let mut query = ListQuery::of::<ApiKey>(ApiKey::BY_TIME, scope, PAGE, None);
    query.at_least = Some(RankBound::Time(now.plus_seconds(-LONGEST_LIFE)));
    let is_usable = |key: &ApiKey| key.revoked_at.is_none() && key.expires_at > now;
    Ok(lists::count(store, query, MOST_USABLE_KEYS, is_usable).await?)
}
