//! Sorts failures by whether a later call can succeed.

use aws_sdk_bedrock::error::{ProvideErrorMetadata, SdkError};
use ports::ProviderJobError;
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

/// The service's name for its error; none when it did not answer.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// The meaning of a failure for the caller.
#[derive(Debug, PartialEq, Eq)]
enum ErrorMeaning {
    /// There may be room later, or the change before may be done.
    Busy,
    /// The request is wrong and stays wrong.
    Refused,
    /// Anything else may succeed later, for example after a load or a missing permission of the deployment.
    Unavailable,
}

/// Parts of messages by which the service calls a request invalid although the deployment's own resources are at fault:
/// the role that a job takes on, the bucket, the key.
const OURS: &[&str] = &[
    "assume",
    "iam role",
    "provided role",
    "role arn",
    "rolearn",
    "permission",
    "bucket",
    "kms",
    "access denied",
    "not authorized",
];

/// Sorts a failure by the service's name for it and by its message, which is not kept.
fn meaning(code: &str, words: &str) -> ErrorMeaning {
    let words = words.to_lowercase();
    match code {
        "ServiceQuotaExceededException" | "ThrottlingException" => ErrorMeaning::Busy,
        // Another change of the same model or deployment is not done yet.
        "ConflictException" => ErrorMeaning::Busy,
        "ValidationException" if !OURS.iter().any(|ours| words.contains(ours)) => ErrorMeaning::Refused,
        _ => ErrorMeaning::Unavailable,
    }
}

/// The failure of a call. Only the service's code is kept, because its message may quote a line of the file and name roles
/// and buckets.
pub(crate) fn failed<E, R>(operation: &'static str, error: SdkError<E, R>) -> ProviderJobError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = code(&error).unwrap_or("no answer").to_owned();
    let words = error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default();
    let meaning = meaning(&code, words);
    let source = match error {
        SdkError::ServiceError(_) => None,
        error => error.into_source().ok(),
    };
    match meaning {
        ErrorMeaning::Refused => ProviderJobError::Refused(code),
        ErrorMeaning::Busy => ProviderJobError::Busy(CallFailed { operation, code, source }.into()),
        ErrorMeaning::Unavailable => {
            ProviderJobError::Unavailable(CallFailed { operation, code, source }.into())
        }
    }
}

pub(crate) fn unbuildable(
    operation: &'static str,
    error: impl Into<Box<dyn Error + Send + Sync>>,
) -> ProviderJobError {
    let (code, source) = ("not possible".to_owned(), Some(error.into()));
    ProviderJobError::Unavailable(CallFailed { operation, code, source }.into())
}

/// Something is not made yet.
pub(crate) fn not_ready(operation: &'static str) -> ProviderJobError {
    ProviderJobError::Busy(CallFailed { operation, code: "not ready".to_owned(), source: None }.into())
}

/// The answer lacks a part that the service promises.
pub(crate) fn incomplete(operation: &'static str) -> ProviderJobError {
    let code = "incomplete answer".to_owned();
    ProviderJobError::Unavailable(CallFailed { operation, code, source: None }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_to_mend_is_not_the_callers_fault() {
        for ours in [
            "Could not assume provided IAM role. Please ensure that the role exists.",
            "Could not validate GetObject permissions to access Amazon S3 bucket: sextant-training",
            "The KMS key is not usable.",
            "The roleArn is wrong.",
        ] {
            assert_eq!(meaning("ValidationException", ours), ErrorMeaning::Unavailable, "{ours}");
        }
        for theirs in ["", "1 validation error detected.", "Invalid role in line 3"] {
            assert_eq!(meaning("ValidationException", theirs), ErrorMeaning::Refused, "{theirs}");
        }
        for full in ["ServiceQuotaExceededException", "ThrottlingException", "ConflictException"] {
            assert_eq!(meaning(full, "The bucket of jobs is full"), ErrorMeaning::Busy, "{full}");
        }
        for other in ["AccessDeniedException", "InternalServerException", "no answer"] {
            assert_eq!(meaning(other, ""), ErrorMeaning::Unavailable, "{other}");
        }
    }
}
