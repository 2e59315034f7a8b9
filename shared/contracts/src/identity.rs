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
    /// The name of the device in the list of sessions, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// True if the refresh token is to come as a cookie and not in the body. False when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_cookie: Option<bool>,
}

/// `POST /v1/auth/refresh`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session; absent if it is in the cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// `POST /v1/auth/password/forgot`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgotPasswordRequest {
    /// E-mail address, any case, at most 254 characters.
    pub email: String,
}

/// `POST /v1/auth/password/reset`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetPasswordRequest {
    /// The token of the link in the mail (`sxm_…`).
    pub token: String,
    /// The new password as typed, 10 to 128 characters.
    pub password: String,
}

/// `POST /v1/auth/email/verify`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmailRequest {
    /// The token of the link in the mail (`sxm_…`).
    pub token: String,
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
    /// Opaque; works once. Absent if it is in the cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// An entry of `GET /v1/auth/sessions`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Id of the session (`session_…`).
    pub id: String,
    /// The name that the client gave the device; null if it gave none.
    pub device_name: Option<String>,
    /// The country of the network address at the sign-in, ISO 3166-1 alpha-2; null if it is unknown.
    pub ip_country: Option<String>,
    /// When the person signed in, RFC 3339 in UTC.
    pub created_at: String,
    /// When the session was refreshed last, or when it began.
    pub last_used_at: String,
    /// Whether it is the session that sent the request.
    pub current: bool,
}

/// How a person wants to be addressed; null where the person has not said it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// A language tag (BCP 47), such as `en` or `de-AT`.
    pub locale: Option<String>,
    /// A name of the IANA time zone database.
    pub time_zone: Option<String>,
    /// `light`, `dark` or `system`.
    pub theme: Option<String>,
}

/// `PUT /v1/users/profile`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceProfileRequest {
    /// Name of the person, 1 to 200 characters.
    pub name: String,
    /// The preferences.
    pub preferences: Preferences,
}

/// `GET /v1/users/profile`, and the answer to [`ReplaceProfileRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Id of the account (`account_…`).
    pub id: String,
    /// The same as `id`.
    pub account_id: String,
    /// E-mail address, lower case.
    pub email: String,
    /// Whether the person proved that mail to the address reaches them.
    pub email_verified: bool,
    /// Name of the person.
    pub name: String,
    /// `sales_rep`, `manager` or `admin`.
    pub role: String,
    /// Id of the organization (`org_…`).
    pub organization_id: String,
    /// Name of the organization.
    pub organization_name: String,
    /// The preferences.
    pub preferences: Preferences,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: bool,
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

impl fmt::Debug for ForgotPasswordRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForgotPasswordRequest(..)")
    }
}

impl fmt::Debug for ResetPasswordRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResetPasswordRequest(..)")
    }
}

impl fmt::Debug for VerifyEmailRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyEmailRequest(..)")
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenResponse(..)")
    }
}

impl fmt::Debug for Session {
    /// Shows the id alone: people name devices after themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Preferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Preferences(..)")
    }
}

impl fmt::Debug for ReplaceProfileRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplaceProfileRequest(..)")
    }
}

impl fmt::Debug for Profile {
    /// Shows the id alone: the other fields are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("id", &self.id).finish_non_exhaustive()
    }
}
