//! Bodies of registration, login, refresh and the profile.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `POST /v1/auth/register`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// E-mail address, any case, at most 254 characters.
    pub email: String,
    /// The password as typed, 10 to 128 characters.
    pub password: String,
    /// Name of the person, 1 to 200 characters.
    pub name: String,
    /// Name of the new organization, 1 to 200 characters.
    pub organization_name: String,
}

/// Answer 201 to [`RegisterRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterResponse {
    /// Id of the new account (`account_…`).
    pub account_id: String,
    /// Id of the new organization (`org_…`).
    pub organization_id: String,
}

/// `POST /v1/auth/login`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// E-mail address, any case.
    pub email: String,
    /// The password as typed.
    pub password: String,
}

/// `POST /v1/auth/refresh`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: String,
}

/// Answer 200 to [`LoginRequest`] and [`RefreshRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// JWT for the `Authorization` header.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Lifetime of the access token in seconds.
    pub expires_in: u32,
    /// Opaque; works once.
    pub refresh_token: String,
}

/// `GET /v1/users/profile`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Id of the account (`account_…`).
    pub id: String,
    /// E-mail address, lower case.
    pub email: String,
    /// Name of the person.
    pub name: String,
    /// `sales_rep`, `manager` or `admin`.
    pub role: String,
    /// Id of the organization (`org_…`).
    pub organization_id: String,
    /// When the account was registered, RFC 3339 in UTC.
    pub created_at: String,
}

impl fmt::Debug for RegisterRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegisterRequest(..)")
    }
}

impl fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginRequest(..)")
    }
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshRequest(..)")
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenResponse(..)")
    }
}

impl fmt::Debug for Profile {
    /// Shows the id alone: the other fields are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("id", &self.id).finish_non_exhaustive()
    }
}
