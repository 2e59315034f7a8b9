//! Signs checkpoints of the audit log with an elliptic-curve key of KMS. Only the digest is sent.

use crate::error::{Unusable, cause};
use adapter_aws::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::{BoxFuture, CheckpointSigner, KeyError};
use ring::digest::{SHA256, digest};

/// The key of checkpoints.
pub struct KmsCheckpointSigner {
    client: Client,
    key_arn: String,
}

impl KmsCheckpointSigner {
    /// Makes no call to KMS. The key must be on the curve P-256.
    pub fn new(config: &SdkConfig, key_arn: String) -> Self {
        Self { client: Client::new(config), key_arn }
    }

    async fn signature(&self, bytes: &[u8]) -> Result<String, KeyError> {
        let call = self.client.sign().key_id(&self.key_arn).message_type(MessageType::Digest);
        let call = call.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
        let answer = call.message(Blob::new(digest(&SHA256, bytes).as_ref())).send().await;
        let signature = answer.map_err(|error| KeyError::Unavailable(cause(error)))?.signature;
        let signature =
            signature.ok_or_else(|| KeyError::Unavailable(Unusable::Lacks("signature").into()))?;
        Ok(STANDARD.encode(signature))
    }
}

impl CheckpointSigner for KmsCheckpointSigner {
    fn sign<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<String, KeyError>> {
        Box::pin(self.signature(bytes))
    }
}
