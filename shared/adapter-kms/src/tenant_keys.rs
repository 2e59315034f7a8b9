//! Makes and unwraps tenants' data keys with one customer key.
//!
//! The tenant is the encryption context, so KMS itself refuses to unwrap one tenant's key for another, and its log names
//! the tenant of every use.

use std::time::Instant;

use adapter_aws::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use domain::id::OrganizationId;
use ports::{BoxFuture, DataKey, KeyError, TenantKeys, WrappedKey};

use crate::error::{Unusable, cause};
use crate::key_cache::KeyCache;

const CONTEXT: &str = "tenant";

/// Tenants' data keys, wrapped by KMS and held by the process for ten minutes.
pub struct KmsTenantKeys {
    client: Client,
    customer_key: String,
    cache: KeyCache,
}

impl KmsTenantKeys {
    /// Uses the symmetric customer key with this ARN.
    pub fn new(config: &SdkConfig, customer_key: impl Into<String>) -> Self {
        Self { client: Client::new(config), customer_key: customer_key.into(), cache: KeyCache::default() }
    }

    async fn make(&self, tenant: OrganizationId) -> Result<(DataKey, WrappedKey), KeyError> {
        let call = self.client.generate_data_key().key_id(&self.customer_key).key_spec(DataKeySpec::Aes256);
        let answer = call.encryption_context(CONTEXT, tenant.to_string()).send().await;
        let answer = answer.map_err(|error| KeyError::Unavailable(cause(error)))?;
        let wrapped = answer.ciphertext_blob.map(|blob| WrappedKey(blob.into_inner()));
        let wrapped = wrapped.ok_or_else(|| unavailable(Unusable::Lacks("wrapped key")))?;
        let key = data_key(answer.plaintext)?;
        self.cache.put(tenant, key.clone(), wrapped.clone(), Instant::now());
        Ok((key, wrapped))
    }

    async fn open(&self, tenant: OrganizationId, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        if let Some(key) = self.cache.get(tenant, Some(wrapped), Instant::now()) {
            return Ok(key);
        }
        // The key is named, although KMS could find it in the ciphertext, because only this key may have wrapped it.
        let call =
            self.client.decrypt().key_id(&self.customer_key).ciphertext_blob(Blob::new(wrapped.0.clone()));
        let answer = call.encryption_context(CONTEXT, tenant.to_string()).send().await.map_err(refusal)?;
        let key = data_key(answer.plaintext)?;
        self.cache.put(tenant, key.clone(), wrapped.clone(), Instant::now());
        Ok(key)
    }
}

fn data_key(plaintext: Option<Blob>) -> Result<DataKey, KeyError> {
    let bytes = plaintext.ok_or_else(|| unavailable(Unusable::Lacks("plaintext key")))?.into_inner();
    bytes.try_into().map(DataKey).map_err(|_| unavailable(Unusable::NotAes256))
}

fn unavailable(cause: Unusable) -> KeyError {
    KeyError::Unavailable(Box::new(cause))
}

/// KMS answers "invalid ciphertext" for a damaged key and for another tenant's, and "incorrect key" when another key
/// wrapped it. A retry helps with neither; with every other error it may.
fn refusal(error: SdkError<DecryptError>) -> KeyError {
    let invalid = error
        .as_service_error()
        .is_some_and(|error| error.is_invalid_ciphertext_exception() || error.is_incorrect_key_exception());
    if invalid { KeyError::Invalid(cause(error)) } else { KeyError::Unavailable(cause(error)) }
}

impl TenantKeys for KmsTenantKeys {
    fn generate(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<(DataKey, WrappedKey), KeyError>> {
        Box::pin(self.make(tenant))
    }

    fn unwrap<'a>(
        &'a self,
        tenant: OrganizationId,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        Box::pin(self.open(tenant, wrapped))
    }

    fn cached(&self, tenant: OrganizationId) -> Option<DataKey> {
        self.cache.get(tenant, None, Instant::now())
    }
}
