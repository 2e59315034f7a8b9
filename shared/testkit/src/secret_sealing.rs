//! Secrets sealed without a key service: AES-256-GCM under a key of this process, bound to organization and account as KMS
//! binds them.

use domain::id::{AccountId, OrganizationId};
use ports::{BoxFuture, KeyError, SecretSealing};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Seals and opens secrets of accounts.
#[derive(Debug)]
pub struct TestSecretSealing(LessSafeKey);

impl Default for TestSecretSealing {
    fn default() -> Self {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).expect("random bytes");
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key of the right length")))
    }
}

fn context(organization: OrganizationId, account: AccountId) -> Vec<u8> {
    format!("{organization}#{account}").into_bytes()
}

impl SecretSealing for TestSecretSealing {
    fn seal<'a>(
        &'a self,
        organization: OrganizationId,
        account: AccountId,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move {
            let mut nonce = [0; NONCE_LEN];
            SystemRandom::new().fill(&mut nonce).expect("random bytes");
            let mut text = secret.to_vec();
            let context = Aad::from(context(organization, account));
            self.0
                .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), context, &mut text)
                .expect("a secret is short enough to be sealed");
            Ok([nonce.as_slice(), &text].concat())
        })
    }

    fn open<'a>(
        &'a self,
        organization: OrganizationId,
        account: AccountId,
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move {
            let opened = || {
                let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let mut text = text.to_vec();
                let context = Aad::from(context(organization, account));
                Some(self.0.open_in_place(nonce, context, &mut text).ok()?.to_vec())
            };
            opened().ok_or_else(|| KeyError::Invalid("not a secret of this account".into()))
        })
    }
}
