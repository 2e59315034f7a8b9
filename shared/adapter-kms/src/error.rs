//! Failures of KMS, without the service's answer: the SDK's own error can hold the whole answer, and that of a data key
//! holds the key.

use aws_sdk_kms::error::SdkError;
use ports::Source;

/// KMS answered, but without the requested value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the answer lacks the {0}")]
    Lacks(&'static str),
    #[error("the data key does not have 32 bytes")]
    NotAes256,
    #[error("the token key {kid} is not an RSA_2048 key")]
    NotRsa2048 { kid: String },
    #[error("the token can't be written as JSON")]
    Json(#[source] serde_json::Error),
}

/// The cause of an error, without the raw answer.
pub(crate) fn cause<E, R>(error: SdkError<E, R>) -> Source
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    error.into_source().unwrap_or_else(|_| "the call to the key service failed".into())
}
