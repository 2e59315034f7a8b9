//! Problems: every failure that a caller can see becomes a document (RFC 9457) here and nowhere else.
//!
//! A problem must never show its cause, which is kept for the log line of the invocation. It must never repeat values
//! of the caller, except the names of wrong fields.

mod format;
mod from;
mod kind;
mod limit;

use application_core::RefusedAccess;
use contracts::problem::FieldProblem;
use domain::InvalidFields;
use ports::{LimitDecision, Source};
use std::fmt;
use std::time::Duration;

pub use format::ProblemFormat;
pub use kind::Kind;
pub(crate) use limit::{limit_headers, openai_limit_headers};

/// A failure in the form in which the caller sees it.
pub struct Problem(Box<Parts>);

struct Parts {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<FieldProblem>,
    headers: Vec<(&'static str, String)>,
    source: Option<Source>,
    /// The format, where it depends on the request and not on the function alone.
    format: Option<ProblemFormat>,
    /// The limit that refuses the request.
    limit: Option<LimitDecision>,
    /// The access that is refused with this problem and that the audit log does not have yet.
    refused: Option<Box<RefusedAccess>>,
}

impl Problem {
    /// A problem of this kind, without details.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: None,
            errors: Vec::new(),
            headers: Vec::new(),
            source: None,
            format: None,
            limit: None,
            refused: None,
        }))
    }

    /// 400: the request is malformed. `detail` is for people and must not repeat the caller's values.
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(Kind::INVALID_REQUEST).with_detail(detail)
    }

    /// 400: one field is wrong. `field` is a JSON pointer into the body, or the name of a query parameter or header.
    pub fn field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldProblem {
            field: field.to_owned(),
            code: code.to_owned(),
            message: message.into(),
        }])
    }

    /// 400: query parameters are wrong. `Problem::from(InvalidFields)` is for fields of the body.
    pub fn query(invalid: InvalidFields) -> Self {
        Self::fields(
            invalid
                .0
                .into_iter()
                .map(|error| FieldProblem {
                    field: error.field,
                    code: error.code.to_owned(),
                    message: error.message,
                })
                .collect(),
        )
    }

    /// 400: these fields are wrong.
    pub(crate) fn fields(errors: Vec<FieldProblem>) -> Self {
        let detail = match errors.len() {
            1 => "1 field is wrong.".to_owned(),
            many => format!("{many} fields are wrong."),
        };
        let mut problem = Self::invalid_request(detail);
        problem.0.errors = errors;
        problem
    }

    /// 400: the cursor belongs to another list, query or caller, or was changed.
    pub fn invalid_cursor() -> Self {
        Self::new(Kind::INVALID_CURSOR)
    }

    /// 401: the access token or API key is missing or not valid.
    pub fn unauthenticated() -> Self {
        Self::new(Kind::UNAUTHENTICATED).with_header("WWW-Authenticate", r#"Bearer realm="sextant""#)
    }

    /// 401: the e-mail address or the password is wrong; never says which.
    pub fn invalid_credentials() -> Self {
        Self::new(Kind::INVALID_CREDENTIALS)
    }

    /// 401: the refresh token is unknown, used, expired or revoked.
    pub fn invalid_refresh_token() -> Self {
        Self::new(Kind::INVALID_REFRESH_TOKEN)
    }

    /// 401: the second factor, the challenge or the passkey is wrong, used or expired; never says which.
    pub fn invalid_second_factor() -> Self {
        Self::new(Kind::INVALID_SECOND_FACTOR)
    }

    /// 403: the role or the scopes do not allow it.
    pub fn forbidden() -> Self {
        Self::new(Kind::FORBIDDEN)
    }

    /// 404: it does not exist, or the caller may not know that it exists. The two documents are the same except for the
    /// correlation id, so this takes no argument.
    pub fn not_found() -> Self {
        Self::new(Kind::NOT_FOUND)
    }

    /// 404 for an object of another owner: the same document. The refusal is recorded when the request is answered.
    pub fn refused(refused: Box<RefusedAccess>) -> Self {
        let mut problem = Self::not_found();
        problem.0.refused = Some(refused);
        problem
    }

    /// 428: `If-Match` is missing.
    pub fn precondition_required() -> Self {
        Self::new(Kind::PRECONDITION_REQUIRED)
    }

    /// 429, with `Retry-After` and the limit's headers.
    pub fn rate_limited(decision: LimitDecision) -> Self {
        let of = decision.limit;
        let mut problem = Self::new(Kind::RATE_LIMITED)
            .with_detail(format!(
                "The limit {} allows {} requests in {} seconds.",
                of.name, of.burst, of.period_seconds
            ))
            .with_header("Retry-After", decision.retry_after_seconds.max(1).to_string());
        problem.0.limit = Some(decision);
        problem
    }

    /// 500: the service failed.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::new(Kind::INTERNAL_ERROR).with_source(source)
    }

    /// 503: a dependency does not answer. Retrying after a second is safe.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::new(Kind::UNAVAILABLE).with_retry_after(Duration::from_secs(1)).with_source(source)
    }

    /// 503: the handler was not done in time.
    pub fn deadline_exceeded() -> Self {
        Self::new(Kind::DEADLINE_EXCEEDED).with_retry_after(Duration::from_secs(1))
    }

    /// The same with a sentence for people, which must not repeat the caller's values.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same with the cause, for the log.
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same with a response header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// The same in this format, whatever the format of the function's other problems is.
    pub fn with_format(mut self, format: ProblemFormat) -> Self {
        self.0.format = Some(format);
        self
    }

    /// The same with `Retry-After`, in whole seconds, at least 1.
    pub fn with_retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.with_header("Retry-After", seconds.max(1).to_string())
    }

    /// The kind of the problem.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The wrong fields.
    pub fn errors(&self) -> &[FieldProblem] {
        &self.0.errors
    }

    /// The cause, for the log.
    pub(crate) fn source(&self) -> Option<&Source> {
        self.0.source.as_ref()
    }

    /// The format in which this problem is written, if it is not that of the function.
    pub(crate) fn format(&self) -> Option<ProblemFormat> {
        self.0.format
    }

    /// The limit that refuses the request; its state is in the answer's headers.
    pub(crate) fn limit(&self) -> Option<LimitDecision> {
        self.0.limit
    }

    /// The access that is refused with this problem; the caller of this records it.
    pub(crate) fn take_refused(&mut self) -> Option<RefusedAccess> {
        self.0.refused.take().map(|refused| *refused)
    }

    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// The problem document, of a whole answer or of one of several outcomes in it.
    pub fn document(&self, correlation_id: &str) -> contracts::problem::Problem {
        let kind = self.0.kind;
        let mut document =
            contracts::problem::Problem::new(kind.status, kind.code, kind.title, correlation_id);
        document.detail.clone_from(&self.0.detail);
        document.errors.clone_from(&self.0.errors);
        document
    }
}

impl fmt::Debug for Problem {
    /// Kind, fields and cause, without any value of the caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.0.kind.status)
            .field("code", &self.0.kind.code)
            .field("errors", &self.0.errors)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}
