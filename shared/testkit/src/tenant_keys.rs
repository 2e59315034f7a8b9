//! Data keys of tenants without a key service: wrapped with AES-256-GCM under a key of this process, and bound to their
//! tenant as KMS binds them.

use domain::id::OrganizationId;
use ports::{BoxFuture, DataKey, KeyError, TenantKeys, WrappedKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Creates and unwraps data keys, remembers them, and counts the calls that KMS would have got.
#[derive(Debug)]
pub struct TestTenantKeys {
    cipher: LessSafeKey,
    remembered: Mutex<HashMap<OrganizationId, DataKey>>,
    calls: AtomicU64,
}

impl Default for TestTenantKeys {
    fn default() -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &random::<32>()).expect("a key of the right length");
        Self { cipher: LessSafeKey::new(key), remembered: Mutex::default(), calls: AtomicU64::new(0) }
    }
}

impl TestTenantKeys {
    /// The number of calls that KMS would have got.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Forgets every key, like a process that has just started.
    pub fn forget(&self) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn remember(&self, tenant: OrganizationId, key: &DataKey) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, key.clone());
    }

    fn open(&self, tenant: OrganizationId, wrapped: &WrappedKey) -> Option<DataKey> {
        let (nonce, text) = wrapped.0.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let context = tenant.to_string();
        let key = self.cipher.open_in_place(nonce, Aad::from(context.as_bytes()), &mut text).ok()?;
        Some(DataKey((&*key).try_into().ok()?))
    }
}

impl TenantKeys for TestTenantKeys {
    fn generate(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<(DataKey, WrappedKey), KeyError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let (key, nonce) = (DataKey(random()), random::<NONCE_LEN>());
            let mut text = key.0.to_vec();
            let context = tenant.to_string();
            self.cipher
                .seal_in_place_append_tag(
                    Nonce::assume_unique_for_key(nonce),
                    Aad::from(context.as_bytes()),
                    &mut text,
                )
                .expect("a key is short enough to be sealed");
            self.remember(tenant, &key);
            Ok((key, WrappedKey([nonce.as_slice(), &text].concat())))
        })
    }

    fn unwrap<'a>(
        &'a self,
        tenant: OrganizationId,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let key = self
                .open(tenant, wrapped)
                .ok_or_else(|| KeyError::Invalid("not the wrapped key of this tenant".into()))?;
            self.remember(tenant, &key);
            Ok(key)
        })
    }

    fn cached(&self, tenant: OrganizationId) -> Option<DataKey> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    bytes
}
