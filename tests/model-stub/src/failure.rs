//! Failures as Bedrock reports them: an HTTP status, an error type in `x-amzn-ErrorType` and a JSON message.
//! A failure must keep the meaning of its cause: nothing here turns an error into an answer.

use serde_json::{Value, json};

/// A failed model call, before it is written to the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// HTTP status, 400 to 599.
    pub(crate) status: u16,
    /// Bedrock's name of the error; none for the failure of a proxy in front of Bedrock (such as a bare 502).
    pub(crate) kind: Option<&'static str>,
    pub(crate) message: String,
    /// Seconds for the `Retry-After` header.
    pub(crate) retry_after: Option<u64>,
}

impl Failure {
    /// A failure with the error type that Bedrock documents for this status.
    pub(crate) fn of_status(status: u16, message: impl Into<String>) -> Self {
        Failure { status, kind: kind_of(status), message: message.into(), retry_after: None }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::of_status(400, message)
    }

    /// The model's output can't be used (Bedrock: ModelErrorException, 424).
    pub(crate) fn model_error(message: impl Into<String>) -> Self {
        Self::of_status(424, message)
    }

    pub(crate) fn timeout(message: impl Into<String>) -> Self {
        Self::of_status(408, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::of_status(503, message)
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "message": self.message })
    }
}

/// The error types of the Converse operations and their statuses, from the Bedrock Runtime API reference. 429 is also
/// the status of `ModelNotReadyException`; throttling is the common case.
fn kind_of(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "ValidationException",
        403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        500 => "InternalServerException",
        503 => "ServiceUnavailableException",
        _ => return None,
    })
}
