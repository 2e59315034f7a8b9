//! Public keys in the form of COSE (RFC 9053), and their signatures.

use super::PasskeyFault;
use super::cbor::Cbor;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// The algorithms that are asked for, most wanted first: ES256, EdDSA, RS256. Every authenticator has one of them.
pub(super) const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// The most bits of an RSA modulus are 8,192.
const LONGEST_MODULUS: usize = 1024;

/// A public key.
#[derive(Debug, PartialEq)]
pub(super) enum PublicKey {
    /// ES256: a point of P-256, uncompressed.
    Es256([u8; 65]),
    /// EdDSA: a point of Ed25519.
    EdDsa([u8; 32]),
    /// RS256: modulus and exponent.
    Rs256 { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl PublicKey {
    /// Reads a key, to its last byte.
    pub(super) fn read(cose: &[u8]) -> Result<Self, PasskeyFault> {
        let (key, rest) = Cbor::read(cose).ok_or(PasskeyFault::Malformed)?;
        if !rest.is_empty() {
            return Err(PasskeyFault::Malformed);
        }
        Self::of(&key).ok_or(PasskeyFault::UnsupportedKey)
    }

    fn of(key: &Cbor<'_>) -> Option<Self> {
        let integer = |label| key.label(label).and_then(Cbor::integer);
        let bytes = |label| key.label(label).and_then(Cbor::bytes);
        match (integer(1)?, integer(3)?) {
            (2, -7) if integer(-1) == Some(1) => {
                let (x, y): ([u8; 32], [u8; 32]) = (bytes(-2)?.try_into().ok()?, bytes(-3)?.try_into().ok()?);
                let point = [[4].as_slice(), &x, &y].concat();
                Some(Self::Es256(point.try_into().ok()?))
            }
            (1, -8) if integer(-1) == Some(6) => Some(Self::EdDsa(bytes(-2)?.try_into().ok()?)),
            (3, -257) => {
                let (modulus, exponent) = (bytes(-1)?, bytes(-2)?);
                let fits = (256..=LONGEST_MODULUS).contains(&modulus.len()) && exponent.len() <= 8;
                fits.then(|| Self::Rs256 { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
            }
            _ => None,
        }
    }

    /// Checks a signature.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyFault> {
        let verified =
            match self {
                Self::Es256(point) => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
                }
                Self::EdDsa(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
                Self::Rs256 { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            };
        verified.map_err(|_| PasskeyFault::WrongSignature)
    }
}
