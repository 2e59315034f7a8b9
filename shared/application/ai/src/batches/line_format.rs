//! The wire format of a batch's lines. A use case knows no wire format, so the wiring supplies it; it is the format of
//! the route to which the lines are requests.

use crate::ask::GatewayAnswer;
use crate::completion::CompletionRequest;
use application_core::Error;
use domain::Timestamp;
use domain::field::InvalidFields;
use serde_json::Value;
use std::fmt;

/// The functions of a wire format.
#[derive(Clone, Copy)]
pub struct LineFormat {
    /// Reads the body of a line. A wrong body is refused with all its wrong fields; the function in the second argument
    /// names those that only the use case knows.
    pub read: fn(&str, &CheckLine<'_>) -> Result<LineRequest, LineError>,
    /// The body of an answer, with the time at which it was made.
    pub answer: fn(&GatewayAnswer, Timestamp) -> Result<Value, Error>,
    /// The answer to a line that failed, with this text for people in place of the usual one.
    pub error: fn(Error, Option<&'static str>) -> LineError,
}

/// Checks a conversation as the use case does.
pub type CheckLine<'a> = dyn Fn(&CompletionRequest) -> Result<(), InvalidFields> + 'a;

/// A line that can be asked.
pub struct LineRequest {
    /// The conversation.
    pub request: CompletionRequest,
    /// The caller's name of a field of the use case.
    pub caller_field: Box<dyn Fn(&str) -> String + Send + Sync>,
}

/// The answer to a line that failed.
#[derive(Clone, PartialEq)]
pub struct LineError {
    /// The status that the route would answer.
    pub status: u16,
    /// The body that the route would answer.
    pub body: Value,
}

impl fmt::Debug for LineError {
    /// Shows the status; the body is the caller's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineError").field("status", &self.status).finish_non_exhaustive()
    }
}
