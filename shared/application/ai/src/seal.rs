//! Seals cached completions with a key that is derived from the prompt alone and stored nowhere. A request with the
//! same prompt has the key, and no other process has it: after a person's words were erased, the prompt can't be built
//! any more, and the quotes in the completion can't be read, long before its item expires.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ports::{Entropy, EntropyError};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Seals the completion of one prompt.
#[derive(Clone, Copy)]
pub(super) struct Seal([u8; 32]);

impl Seal {
    /// The seal with this key, which must never be shown or stored.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// A sealed completion that only this seal opens; `None` when it can't be sealed.
    pub(super) fn close(&self, answer: &str, entropy: &dyn Entropy) -> Result<Option<String>, EntropyError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        let mut sealed = answer.as_bytes().to_vec();
        let closed = self.key().and_then(|key| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).ok()
        });
        Ok(closed.map(|()| STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// The completion; `None` when this seal did not close it.
    pub(super) fn open(&self, sealed: &str) -> Option<String> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let answer = self.key()?.open_in_place(nonce, Aad::empty(), &mut body).ok()?;
        String::from_utf8(answer.to_vec()).ok()
    }

    fn key(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, &self.0).ok().map(LessSafeKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn only_the_seal_that_closed_it_opens_an_answer() {
        let (ours, other) = (Seal::new([1; 32]), Seal::new([2; 32]));
        let sealed = ours.close("the budget is approved", &Fixed(7)).unwrap().unwrap();
        assert!(!sealed.contains("budget"));
        assert_eq!(ours.open(&sealed).as_deref(), Some("the budget is approved"));
        assert_eq!(other.open(&sealed), None);
        let again = ours.close("the budget is approved", &Fixed(8)).unwrap().unwrap();
        assert_ne!(sealed, again);
        for broken in ["", "AAAA", "not base64!", &sealed[1..], &sealed[..sealed.len() - 2]] {
            assert_eq!(ours.open(broken), None, "{broken}");
        }
    }
}
