//! The public keys that verify access tokens, as a JSON Web Key Set (RFC 7517). It must never hold a private part.

use serde::{Deserialize, Serialize};

/// `GET /.well-known/jwks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// Every key that may have signed a token that is still valid.
    pub keys: Vec<Jwk>,
}

/// One RSA public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Always `RSA`.
    pub kty: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Always `RS256`.
    pub alg: String,
    /// The key's id, as in the header of the tokens it signed.
    pub kid: String,
    /// Modulus, base64url without padding.
    pub n: String,
    /// Exponent, base64url without padding.
    pub e: String,
}
