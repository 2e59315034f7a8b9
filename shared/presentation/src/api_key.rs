//! API keys.

use contracts::api_key::{ApiKey as Listed, CreatedApiKey};
use domain::Timestamp;
use domain::tenancy::ApiKey;

/// A key as the answer to its creation; `text` is the key itself, or none for a repeated request.
pub fn created_api_key(key: &ApiKey, text: Option<String>) -> CreatedApiKey {
    CreatedApiKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        key: text,
        prefix: key.prefix.clone(),
        scopes: scopes(key),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.to_string(),
    }
}

/// A key as an entry of the list.
pub fn api_key(key: &ApiKey, last_used_at: Option<Timestamp>) -> Listed {
    Listed {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        scopes: scopes(key),
        created_by: key.created_by.to_string(),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.to_string(),
        last_used_at: last_used_at.map(|at| at.to_string()),
        revoked_at: key.revoked_at.map(|at| at.to_string()),
    }
}

fn scopes(key: &ApiKey) -> Vec<String> {
    key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}
