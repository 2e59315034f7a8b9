//! The cryptography behind `jsonwebtoken`: RS256 verification by ring, and nothing else.
//!
//! The crate's own providers would bring a second cryptographic library next to the one of TLS. This provider must
//! never offer another algorithm: an absent algorithm can't be confused with RS256 (RFC 8725, section 3.1).

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error as SignatureError, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::verified::{VerifiedSignatures, hash};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: rs256_verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// It is as global as the provider, which makes a new verifier for each token.
static VERIFIED: LazyLock<Mutex<VerifiedSignatures>> = LazyLock::new(Mutex::default);

/// Makes `jsonwebtoken` use ring in this process. Only the first call has an effect, and no feature of the crate is
/// enabled that could have installed another provider before.
pub(crate) fn install() {
    let _already_installed = RING.install_default();
}

/// KMS signs tokens; this process holds no signing key.
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn rs256_verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match (algorithm, key.kind()) {
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            Ok(Box::new(Rs256(RsaPublicKeyComponents { n: n.clone(), e: e.clone() })))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

struct Rs256(RsaPublicKeyComponents<Vec<u8>>);

impl Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), SignatureError> {
        let hash = hash([&self.0.n, &self.0.e, message, signature]);
        if hash.is_some_and(|hash| verified().contains(&hash)) {
            return Ok(());
        }
        self.0.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).map_err(|_| SignatureError::new())?;
        if let Some(hash) = hash {
            verified().insert(hash);
        }
        Ok(())
    }
}

/// Only whole hashes are inserted, so a panic in another thread leaves nothing wrong.
fn verified() -> MutexGuard<'static, VerifiedSignatures> {
    VERIFIED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ring::rand::SystemRandom;
    use ring::rsa::PublicKeyComponents;
    use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

    #[test]
    fn a_right_signature_is_remembered_and_a_wrong_one_is_not() {
        let pem = include_str!("../tests/keys/signing.pem");
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"message", &mut signature).unwrap();
        let verifier = Rs256(PublicKeyComponents::from(pair.public()));
        for (message, is_right) in [(b"message", true), (b"massage", false)] {
            assert_eq!(verifier.verify(message, &signature).is_ok(), is_right);
            let hash = hash([&verifier.0.n, &verifier.0.e, message, &signature]).unwrap();
            assert_eq!(verified().contains(&hash), is_right);
        }
    }
}
