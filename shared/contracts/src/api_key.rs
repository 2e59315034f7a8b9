//! Bodies of API keys. The text of a key is in one answer only, and never in `Debug`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `POST /v1/api-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKeyRequest {
    /// The name of the key, 1 to 100 characters.
    pub name: String,
    /// The scopes of the key: names of permissions, such as `completion:create`.
    pub scopes: Vec<String>,
    /// The number of days for which it is valid, 1 to 365; 90 when absent.
    pub expires_in_days: Option<i64>,
}

/// The answer to `POST /v1/api-keys`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedApiKey {
    /// Id (`apikey_…`).
    pub id: String,
    /// The name of the key.
    pub name: String,
    /// The key itself (`sxk_…`), shown only in this answer; absent when the request is a repeated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The beginning of the key: all of it except the secret.
    pub prefix: String,
    /// The scopes of the key.
    pub scopes: Vec<String>,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
    /// When it expires, RFC 3339 in UTC.
    pub expires_at: String,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key in `GET /v1/api-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Id (`apikey_…`).
    pub id: String,
    /// The name of the key.
    pub name: String,
    /// The beginning of the key: all of it except the secret.
    pub prefix: String,
    /// The scopes of the key.
    pub scopes: Vec<String>,
    /// Id of the account that created it.
    pub created_by: String,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
    /// When it expires, RFC 3339 in UTC.
    pub expires_at: String,
    /// When it was last used, to the hour; null when it was never used.
    pub last_used_at: Option<String>,
    /// When it was revoked; null when it was not revoked.
    pub revoked_at: Option<String>,
}
