//! Access tokens: JWTs signed by a key that never leaves the key service.

use super::{BoxFuture, Source};
use serde::{Deserialize, Serialize};

/// The claims of an access token (RFC 7519, RFC 9068 in spirit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Account.
    pub sub: String,
    /// Organization.
    pub org_id: String,
    /// Role in it.
    pub role: String,
    /// Address of the account.
    pub email: String,
    /// Session.
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
    /// Names the key in a token's header.
    pub kid: String,
    /// Modulus, base64url.
    pub n: String,
    /// Exponent, base64url.
    pub e: String,
}

/// A token can't be signed or verified.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of ours, or not any more. Never says which part was wrong to the caller.
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

/// Verifies access tokens, and publishes the keys that others can verify them with.
pub trait TokenVerifier: Send + Sync {
    /// The claims of a valid token at `now` (Unix seconds).
    fn verify<'a>(&'a self, token: &'a str, now: i64) -> BoxFuture<'a, Result<Claims, TokenError>>;
    /// Every key that verifies, the signing one first.
    fn keys(&self) -> BoxFuture<'_, Result<Vec<Jwk>, TokenError>>;
}
