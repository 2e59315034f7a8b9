//! Reads the only kind of public key that tokens are signed with: RSA, 2048 bits, exponent 65537.
//!
//! KMS returns it as a DER SubjectPublicKeyInfo (RFC 5280, RFC 3279 section 2.3.1). For this kind of key everything
//! except the modulus is constant, so the bytes are compared instead of parsed: there is no parser to trust, and no
//! other key passes.

/// The bytes before the modulus: a sequence of the algorithm `rsaEncryption` and a bit string, in which a sequence
/// begins with a 257-byte integer that starts with zero (the modulus, whose highest bit is set). [`TAIL`] follows the
/// modulus.
const HEAD: [u8; 33] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
];

/// The integer 65537.
const TAIL: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

/// The public exponent, big-endian.
pub(crate) const EXPONENT: [u8; 3] = [1, 0, 1];

const MODULUS_BYTES: usize = 256;

/// The modulus, big-endian, if the bytes are such a key.
pub(crate) fn modulus(spki: &[u8]) -> Option<&[u8]> {
    let modulus = spki.strip_prefix(&HEAD)?.strip_suffix(&TAIL)?;
    let whole = modulus.len() == MODULUS_BYTES && modulus.first().is_some_and(|byte| byte & 0x80 != 0);
    whole.then_some(modulus)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ring::rsa::PublicKeyComponents;
    use ring::signature::RsaKeyPair;

    use super::*;

    fn der(pem: &str) -> Vec<u8> {
        STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
    }

    #[test]
    fn finds_the_components_that_belong_to_the_private_key() {
        // Both files were written by OpenSSL.
        let spki = der(include_str!("../tests/keys/signing.pub.pem"));
        let pair = RsaKeyPair::from_pkcs8(&der(include_str!("../tests/keys/signing.pem"))).unwrap();
        let components = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        assert_eq!(modulus(&spki), Some(components.n.as_slice()));
        assert_eq!(EXPONENT.as_slice(), components.e);
    }

    #[test]
    fn refuses_anything_else() {
        let spki = der(include_str!("../tests/keys/signing.pub.pem"));
        for end in 0..spki.len() {
            assert_eq!(modulus(&spki[..end]), None);
        }
        let longer = [spki.as_slice(), &[0]].concat();
        assert_eq!(modulus(&longer), None);
        for at in (0..HEAD.len()).chain(spki.len() - TAIL.len()..spki.len()) {
            let mut changed = spki.clone();
            changed[at] ^= 1;
            assert_eq!(modulus(&changed), None, "{at}");
        }
    }
}
