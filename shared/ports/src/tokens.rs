//! Access tokens: JWTs signed by a key that never leaves the key service.

use super::{BoxFuture, Source};
use serde::{Deserialize, Serialize};

/// The claims of an access token (RFC 7519, RFC 9068 in spirit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: String,
    /// The organization.
    pub org_id: String,
    /// The role in the organization.
    pub role: String,
    /// The address of the account.
    pub email: String,
    /// The session.
    pub sid: String,
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
    /// Unique identifier of the token.
    pub jti: String,
}

/// A public RSA key as JWK (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `RSA`.
    pub kty: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// `RS256`.
    pub alg: String,
    /// The id of the key in a token's header.
    pub kid: String,
    /// Modulus, base64url.
    pub n: String,
    /// Exponent, base64url.
    pub e: String,
}

/// A token can't be signed or verified.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not a valid token of this deployment. The caller is never told which part was wrong.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The key service can't be reached.
    #[error("the key service is unavailable")]
    Unavailable(#[source] Source),
    /// The store that has the record of an API key failed.
    #[error(transparent)]
    Store(#[from] super::StoreError),
}

/// Signs access tokens.
pub trait TokenSigner: Send + Sync {
    /// The compact JWS (RFC 7515) of the claims.
    fn sign<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<String, TokenError>>;
}

/// Verifies access tokens, and publishes the keys with which others can verify them.
pub trait TokenVerifier: Send + Sync {
    /// The claims of a valid token at `now` (Unix seconds).
    fn verify<'a>(&'a self, token: &'a str, now: i64) -> BoxFuture<'a, Result<Claims, TokenError>>;
    /// Every key that verifies, the signing key first.
    fn keys(&self) -> BoxFuture<'_, Result<Vec<Jwk>, TokenError>>;
}
