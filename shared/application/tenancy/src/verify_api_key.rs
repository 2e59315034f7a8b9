//! Verifies an API key: one read, and at most once an hour a write of its last use. Whether the account that created
//! the key still exists is not checked: the key is the organization's, and ends when it is revoked or expires.

use super::api_key_text::{ApiKeyText, PREFIX};
use application_core::repository;
use application_core::secret::same;
use domain::authority::{Caller, Credential};
use domain::tenancy::ApiKey;
use domain::{AggregateType, Timestamp};
use ports::{AggregateKey, KeyUses, Store, TokenError};

/// Whether a bearer token claims to be an API key.
pub fn is_api_key(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// The caller of a key that is valid at `now`. The reason why a key is not valid must never be answered.
pub async fn verify_api_key(
    store: &dyn Store,
    uses: &dyn KeyUses,
    text: &str,
    now: Timestamp,
) -> Result<Caller, TokenError> {
    let text = ApiKeyText::decode(text).ok_or(TokenError::Invalid("it is no API key"))?;
    let key = AggregateKey::new(text.organization, AggregateType::ApiKey, &text.key);
    let found = repository::load::<ApiKey>(store, &key).await?;
    let record = found.ok_or(TokenError::Invalid("there is no such API key"))?.state;
    if !same(&text.hash(), &record.secret_hash) {
        return Err(TokenError::Invalid("the API key's secret is wrong"));
    }
    if !record.is_valid(now) {
        return Err(TokenError::Invalid("the API key was revoked or has expired"));
    }
    if let Err(error) = uses.note(text.organization, record.id, now).await {
        // The failure is not worth a request's failure.
        tracing::warn!(error = &error as &dyn std::error::Error, "the use of an API key was not noted");
    }
    let credential = Credential::ApiKey { id: record.id, scopes: record.scopes };
    Ok(Caller { tenant: text.organization, account: record.created_by, credential })
}
