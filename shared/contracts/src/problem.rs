//! Errors as RFC 9457 problem documents. A problem must never hold a value that the caller sent; the name of an unknown scope,
//! if it looks like one, is the only exception.

use serde::{Deserialize, Serialize};

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The beginning of the `type` of every problem; the code follows. Clients compare it, so it never changes.
pub const TYPE_BASE: &str = "https://sextant.dev/problems/";

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// [`TYPE_BASE`] and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem, for people; always the same for a code.
    pub title: String,
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// What went wrong this time, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The kind of problem, for programs, such as `not_found`.
    pub code: String,
    /// The id of the request, which is in its log lines.
    pub correlation_id: String,
    /// Every wrong field; left out when no field is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// JSON pointer into the body (`/contact_email`), or the name of a query parameter or header (`limit`).
    pub field: String,
    /// The rule that the field breaks, for programs, such as `too_long`.
    pub code: String,
    /// The rule that the field breaks, for people. Never repeats the value.
    pub message: String,
}

impl Problem {
    /// A problem without detail or fields.
    pub fn new(status: u16, code: &str, title: &str, correlation_id: &str) -> Self {
        Self {
            kind: format!("{TYPE_BASE}{code}"),
            title: title.to_owned(),
            status,
            detail: None,
            code: code.to_owned(),
            correlation_id: correlation_id.to_owned(),
            errors: Vec::new(),
        }
    }
}
