//! Seals secrets of accounts with the customer key itself. Organization and account are the encryption context: KMS refuses
//! to open one account's secret for another, and its log names the account of every use.

use crate::error::{Unusable, cause};
use adapter_aws::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use domain::id::{AccountId, OrganizationId};
use ports::{BoxFuture, KeyError, SecretSealing};

/// The member of the encryption context. It has another name than that of data keys, so that a role that may unwrap data
/// keys may not open these secrets.
const CONTEXT: &str = "second_factor_of";

fn owner(organization: OrganizationId, account: AccountId) -> String {
    format!("{organization}#{account}")
}

/// Secrets sealed by KMS. Nothing is remembered.
pub struct KmsSecretSealing {
    client: Client,
    customer_key: String,
}

impl KmsSecretSealing {
    /// Uses the symmetric customer key with this ARN.
    pub fn new(config: &SdkConfig, customer_key: impl Into<String>) -> Self {
        Self { client: Client::new(config), customer_key: customer_key.into() }
    }
}

impl SecretSealing for KmsSecretSealing {
    fn seal<'a>(
        &'a self,
        organization: OrganizationId,
        account: AccountId,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move {
            let call = self
                .client
                .encrypt()
                .key_id(&self.customer_key)
                .plaintext(Blob::new(secret))
                .encryption_context(CONTEXT, owner(organization, account));
            let answer = call.send().await.map_err(|error| KeyError::Unavailable(cause(error)))?;
            let sealed = answer.ciphertext_blob.map(Blob::into_inner);
            sealed.ok_or_else(|| KeyError::Unavailable(Box::new(Unusable::Lacks("sealed secret"))))
        })
    }

    fn open<'a>(
        &'a self,
        organization: OrganizationId,
        account: AccountId,
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move {
            let call = self
                .client
                .decrypt()
                .key_id(&self.customer_key)
                .ciphertext_blob(Blob::new(sealed))
                .encryption_context(CONTEXT, owner(organization, account));
            let secret = call.send().await.map_err(refusal)?.plaintext.map(Blob::into_inner);
            secret.ok_or_else(|| KeyError::Unavailable(Box::new(Unusable::Lacks("secret"))))
        })
    }
}

/// As for data keys: a damaged text and one of another account are refused for good.
fn refusal(error: SdkError<DecryptError>) -> KeyError {
    let invalid = error
        .as_service_error()
        .is_some_and(|error| error.is_invalid_ciphertext_exception() || error.is_incorrect_key_exception());
    if invalid { KeyError::Invalid(cause(error)) } else { KeyError::Unavailable(cause(error)) }
}
