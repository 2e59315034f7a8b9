//! What went wrong, sorted by whether asking again can help.

use application::ports::TrainerError;
use aws_sdk_bedrock::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// A call failed.
#[derive(Debug, thiserror::Error)]
#[error("Bedrock {operation}: {code}")]
struct CallFailed {
    operation: &'static str,
    code: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The service's name of its error; none when it did not answer.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// A request that is wrong stays wrong. Everything else may be otherwise later: a quota, a load, a permission of ours.
pub(crate) fn failed<E, R>(operation: &'static str, error: SdkError<E, R>) -> TrainerError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = code(&error).unwrap_or("no answer").to_owned();
    if let Some(refused) = error.as_service_error().filter(|_| code == "ValidationException") {
        return TrainerError::Refused(refused.message().unwrap_or("The request is not valid.").to_owned());
    }
    let source = match error {
        SdkError::ServiceError(_) => None,
        error => error.into_source().ok(),
    };
    TrainerError::Unavailable(CallFailed { operation, code, source }.into())
}

pub(crate) fn unbuildable(
    operation: &'static str,
    error: impl Into<Box<dyn Error + Send + Sync>>,
) -> TrainerError {
    TrainerError::Unavailable(
        CallFailed { operation, code: "not possible".to_owned(), source: Some(error.into()) }.into(),
    )
}

/// The answer lacks what the service promises.
pub(crate) fn incomplete(operation: &'static str) -> TrainerError {
    TrainerError::Unavailable(
        CallFailed { operation, code: "incomplete answer".to_owned(), source: None }.into(),
    )
}
