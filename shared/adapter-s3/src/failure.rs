//! Failures without any part of the request, which may carry a signature.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use ports::FileError;
use std::error::Error;

/// A call failed. Of the service's answer only the code is kept.
#[derive(Debug, thiserror::Error)]
#[error("S3 {operation}: {code}")]
struct CallFailed {
    operation: &'static str,
    code: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

pub(crate) fn failed<E, R>(operation: &'static str, error: SdkError<E, R>) -> FileError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let failure = match error {
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().unwrap_or("no code").to_owned();
            CallFailed { operation, code, source: None }
        }
        error => CallFailed { operation, code: "no answer".to_owned(), source: error.into_source().ok() },
    };
    FileError(failure.into())
}

pub(crate) fn unusable(operation: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> FileError {
    FileError(CallFailed { operation, code: "not possible".to_owned(), source: Some(error.into()) }.into())
}
