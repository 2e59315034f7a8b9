//! Signs access tokens with an RSA key of KMS and returns the public halves of all token keys.
//!
//! The digest is computed here and only the digest is sent: KMS never sees the claims.

use std::str::FromStr;

use adapter_aws::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use ports::{BoxFuture, Claims, Jwk, TokenError, TokenSigner};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::error::{Unusable, cause};
use crate::rsa_public_key::{EXPONENT, modulus};

/// Fetches every public token key, the signing one first.
pub type PublicKeySource = Box<dyn Fn() -> BoxFuture<'static, Result<Vec<Jwk>, TokenError>> + Send + Sync>;

/// The keys that sign and verify: a comma-separated list of key ARNs. The first signs, all verify, so that a key can be
/// replaced while its tokens are still valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKeyList {
    signing: KeyRef,
    verifying: Vec<KeyRef>,
}

/// The list of token keys names no key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list of token keys names no key")]
pub struct NoTokenKey;

#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyRef {
    arn: String,
    /// The last part of the ARN: the id of the key in tokens and in the key set.
    kid: String,
}

impl FromStr for TokenKeyList {
    type Err = NoTokenKey;

    fn from_str(list: &str) -> Result<Self, NoTokenKey> {
        let verifying: Vec<KeyRef> = list
            .split(',')
            .map(str::trim)
            .filter_map(|arn| {
                let kid = arn.rsplit('/').next().filter(|kid| !kid.is_empty())?;
                Some(KeyRef { arn: arn.to_owned(), kid: kid.to_owned() })
            })
            .collect();
        let signing = verifying.first().cloned().ok_or(NoTokenKey)?;
        Ok(Self { signing, verifying })
    }
}

/// The keys of access tokens.
pub struct KmsTokenKeys {
    client: Client,
    keys: TokenKeyList,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

impl KmsTokenKeys {
    /// Makes no call to KMS.
    pub fn new(config: &SdkConfig, keys: TokenKeyList) -> Self {
        Self { client: Client::new(config), keys }
    }

    /// The source of keys for a token verifier. Every call asks KMS for all keys at the same time.
    pub fn public_keys(&self) -> PublicKeySource {
        let (client, keys) = (self.client.clone(), self.keys.verifying.clone());
        Box::new(move || {
            let fetches: Vec<_> = keys.iter().map(|key| published(client.clone(), key.clone())).collect();
            Box::pin(try_join_all(fetches))
        })
    }

    async fn signed(&self, claims: &Claims) -> Result<String, TokenError> {
        let header = Header { alg: "RS256", typ: "JWT", kid: &self.keys.signing.kid };
        let input = format!("{}.{}", encoded(&header)?, encoded(claims)?);
        let call = self.client.sign().key_id(&self.keys.signing.arn).message_type(MessageType::Digest);
        let call = call.signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256);
        let answer = call.message(Blob::new(digest(&SHA256, input.as_bytes()).as_ref())).send().await;
        let signature = answer.map_err(|error| TokenError::Unavailable(cause(error)))?.signature;
        let signature = signature.ok_or_else(|| unavailable(Unusable::Lacks("signature")))?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A public key as a JSON Web Key (RFC 7517, RFC 7518 section 6.3.1).
async fn published(client: Client, key: KeyRef) -> Result<Jwk, TokenError> {
    let answer = client.get_public_key().key_id(&key.arn).send().await;
    let spki = answer.map_err(|error| TokenError::Unavailable(cause(error)))?.public_key;
    let spki = spki.ok_or_else(|| unavailable(Unusable::Lacks("public key")))?;
    let Some(modulus) = modulus(spki.as_ref()) else {
        return Err(unavailable(Unusable::NotRsa2048 { kid: key.kid }));
    };
    Ok(Jwk {
        kty: "RSA".to_owned(),
        usage: "sig".to_owned(),
        alg: "RS256".to_owned(),
        n: URL_SAFE_NO_PAD.encode(modulus),
        e: URL_SAFE_NO_PAD.encode(EXPONENT),
        kid: key.kid,
    })
}

fn encoded(part: &impl Serialize) -> Result<String, TokenError> {
    let json = serde_json::to_vec(part).map_err(|error| unavailable(Unusable::Json(error)))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn unavailable(cause: Unusable) -> TokenError {
    TokenError::Unavailable(Box::new(cause))
}

impl TokenSigner for KmsTokenKeys {
    fn sign<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<String, TokenError>> {
        Box::pin(self.signed(claims))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_signs_and_all_verify() {
        let list: TokenKeyList =
            "arn:aws:kms:eu-west-1:1:key/new, arn:aws:kms:eu-west-1:1:key/old,".parse().unwrap();
        assert_eq!(list.signing.arn, "arn:aws:kms:eu-west-1:1:key/new");
        assert_eq!(list.verifying.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["new", "old"]);
        for empty in ["", " , ", "arn:aws:kms:eu-west-1:1:key/"] {
            assert_eq!(empty.parse::<TokenKeyList>(), Err(NoTokenKey));
        }
    }
}
