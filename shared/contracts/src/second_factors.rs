//! Bodies of second factors: authenticator apps, recovery codes, passkeys, and the challenge of a sign-in.

use crate::identity::TokenResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Answer 200 to a login: tokens, or a challenge for the second factor.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LoginAnswer {
    /// A session began.
    Tokens(TokenResponse),
    /// The account has a second factor.
    Challenge(MfaChallenge),
}

/// The challenge of an account with a second factor.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MfaChallenge {
    /// Always true.
    pub mfa_required: bool,
    /// Opaque; works once, for 5 minutes.
    pub challenge_id: String,
    /// `totp`, `passkey`, `recovery_code`: the ways in which it can be answered.
    pub methods: Vec<String>,
    /// The options for `navigator.credentials.get` in JSON form, when `methods` has `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey_options: Option<Value>,
}

/// `POST /v1/auth/mfa/verify`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyMfaRequest {
    /// The challenge.
    pub challenge_id: String,
    /// `totp`, `passkey` or `recovery_code`.
    pub method: String,
    /// The code, for `totp` and `recovery_code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The credential of `navigator.credentials.get` in JSON form, for `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Value>,
}

/// Answer 201 to `POST /v1/auth/mfa/totp`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpEnrollment {
    /// The secret in base 32.
    pub secret: String,
    /// The URL in the QR code.
    pub otpauth_url: String,
    /// The QR code as an SVG image.
    pub qr_svg: String,
}

/// `POST /v1/auth/mfa/totp/activate`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivateTotpRequest {
    /// The code that the app shows, 6 digits.
    pub code: String,
}

/// Answer 200 of the routes that give out recovery codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Ten codes, each of which works once.
    pub recovery_codes: Vec<String>,
}

/// Answer 200 of the routes that give out options for a browser.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PasskeyOptions {
    /// The options in JSON form.
    pub public_key: Value,
}

/// `POST /v1/auth/passkeys`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskeyRequest {
    /// What the person calls the passkey, 1 to 100 characters.
    pub name: String,
    /// The credential of `navigator.credentials.create` in JSON form.
    pub credential: Value,
}

/// A passkey.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its id (`passkey_…`).
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was added, RFC 3339 in UTC.
    pub created_at: String,
    /// When it was last used to sign in, RFC 3339 in UTC.
    pub last_used_at: Option<String>,
}

/// Answer 201 to [`CreatePasskeyRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// Recovery codes, when the passkey is the account's first second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
}

/// `POST /v1/auth/passkeys/login`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginWithPasskeyRequest {
    /// The credential of `navigator.credentials.get` in JSON form.
    pub credential: Value,
    /// The name of the device in the list of sessions, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// A `Debug` that hides secrets, codes and names.
macro_rules! hidden {
    ($($body:ident),*) => {$(
        impl fmt::Debug for $body {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($body), "(..)"))
            }
        }
    )*};
}

hidden!(
    LoginAnswer,
    MfaChallenge,
    VerifyMfaRequest,
    TotpEnrollment,
    ActivateTotpRequest,
    RecoveryCodes,
    PasskeyOptions,
    CreatePasskeyRequest,
    Passkey,
    CreatedPasskey,
    LoginWithPasskeyRequest
);
