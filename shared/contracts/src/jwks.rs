//! The public keys that verify access tokens, as a JSON Web Key Set (RFC 7517). It must never hold a private part.

use serde::{Deserialize, Serialize};

/// `GET /.well-known/jwks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// Every key that may have signed a token that is still valid.
    pub keys: Vec<Jwk>,
}

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenidConfiguration {
    /// `iss` of every access token.
    pub issuer: String,
    /// The URL of the key set.
    pub jwks_uri: String,
    /// Always `none`, because there is no authorization endpoint.
    pub response_types_supported: Vec<String>,
    /// Always `public`: an account has the same `sub` for every reader.
    pub subject_types_supported: Vec<String>,
    /// Always `RS256`.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// The claims of an access token.
    pub claims_supported: Vec<String>,
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
