//! Turns failures of calls into errors of the ports. DynamoDB's message about a refused call may quote items, so only
//! its code is kept.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use ports::StoreError;
use std::error::Error;

/// Codes of refusals that no repetition changes: the function's role, its settings or its requests are wrong.
///
/// `InvalidSignatureException` is not one: DynamoDB also says it of a signature that is too old or from a clock that is
/// off, and that passes.
const DEFECTS: [&str; 8] = [
    "AccessDeniedException",
    "IdempotentParameterMismatchException",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// A call did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {code}")]
pub(crate) struct CallFailed {
    operation: &'static str,
    code: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// A call that DynamoDB refused, or that never reached it.
pub(crate) fn failed<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let failure = match error {
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().unwrap_or("no code").to_owned();
            let defect = DEFECTS.contains(&code.as_str());
            let failure = CallFailed { operation, code, source: None };
            return if defect {
                StoreError::Refused(failure.into())
            } else {
                StoreError::Unavailable(failure.into())
            };
        }
        SdkError::ResponseError(_) => {
            CallFailed { operation, code: "the answer can't be understood".to_owned(), source: None }
        }
        SdkError::TimeoutError(_) => {
            CallFailed { operation, code: "no answer in time".to_owned(), source: error.into_source().ok() }
        }
        other => CallFailed {
            operation,
            code: "the request could not be sent".to_owned(),
            source: other.into_source().ok(),
        },
    };
    StoreError::Unavailable(failure.into())
}

/// A call that was given up by this process.
pub(crate) fn given_up(operation: &'static str, code: &str) -> StoreError {
    StoreError::Unavailable(CallFailed { operation, code: code.to_owned(), source: None }.into())
}
