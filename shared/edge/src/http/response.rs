//! An answer. No cache may keep it unless the handler allows it.

use crate::Problem;
use crate::problem::{ProblemFormat, limit_headers, openai_limit_headers};
use crate::runtime::{Failure, Json, written};
use application_core::RefusedAccess;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::problem::MEDIA_TYPE;
use ports::LimitDecision;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The headers of every answer, also of the gateway's own answers, unless the answer sets them itself.
pub const DEFAULT_HEADERS: [(&str, &str); 3] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
];

/// The headers with the id of the request, which every answer has, also the gateway's own. All have the same value:
/// OpenAI's clients read `x-request-id`, Anthropic's read `request-id`, and `X-Correlation-Id` is the name of this API.
pub const REQUEST_ID_HEADERS: [&str; 3] = ["X-Correlation-Id", "X-Request-Id", "Request-Id"];

/// An answer.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
    /// Whether a client that has this answer may get 304.
    is_revalidated: bool,
    /// The accesses that are refused with this answer and that the audit log does not have yet.
    refused: Vec<RefusedAccess>,
}

/// The body of an answer.
#[derive(Debug)]
enum Body {
    Text(Cow<'static, str>),
    /// Bytes that are not text, such as a compressed document.
    Bytes(&'static [u8]),
}

impl Response {
    /// A JSON answer. Our bodies are plain structs, which serde_json always can write; if it fails, the answer is a
    /// 500.
    pub fn json<T: Serialize + ?Sized>(status: u16, body: &T) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self::text(status, "application/json", body))
    }

    /// An answer with text of the given type.
    pub fn text(status: u16, content_type: &'static str, body: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, vec![("Content-Type", content_type.to_owned())], Body::Text(body.into()))
    }

    /// An answer with bytes that are not text.
    pub(super) fn bytes(status: u16, content_type: &'static str, body: &'static [u8]) -> Self {
        Self::new(status, vec![("Content-Type", content_type.to_owned())], Body::Bytes(body))
    }

    /// 202: the request was taken, and what it asks for happens later. The answer has no body.
    pub fn accepted() -> Self {
        Self::new(202, Vec::new(), Body::Text(Cow::Borrowed("")))
    }

    /// 204: the request succeeded and the answer has no body.
    pub fn no_content() -> Self {
        Self::new(204, Vec::new(), Body::Text(Cow::Borrowed("")))
    }

    fn new(status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Self {
        Self { status, headers, body, is_revalidated: true, refused: Vec::new() }
    }

    /// The same answer with this header, which replaces one with the same name.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.set_header(name, value.into());
        self
    }

    fn set_header(&mut self, name: &'static str, value: String) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name, value));
    }

    /// The same answer with one more request header in its `Vary`.
    pub(super) fn with_vary(self, name: &str) -> Self {
        match self.header("Vary").map(str::to_owned) {
            Some(others) => self.with_header("Vary", format!("{others}, {name}")),
            None => self.with_header("Vary", name),
        }
    }

    /// The same answer with the entity's version as `ETag`. The body must not change while the version stays the same,
    /// because a client with this version gets 304. If it can, add [`Self::without_revalidation`].
    pub fn with_etag(self, version: u64) -> Self {
        self.with_header("ETag", format!("\"{version}\""))
    }

    /// The same answer with the state of the rate limit.
    pub fn with_rate_limit(mut self, decision: LimitDecision) -> Self {
        self.set_rate_limit(decision, ProblemFormat::Problem);
        self
    }

    /// Adds the state of the rate limit. Routes in OpenAI's format also tell it in OpenAI's headers.
    pub(crate) fn set_rate_limit(&mut self, decision: LimitDecision, format: ProblemFormat) {
        for (name, value) in limit_headers(decision) {
            self.set_header(name, value);
        }
        if format == ProblemFormat::OpenAi {
            for (name, value) in openai_limit_headers(decision) {
                self.set_header(name, value);
            }
        }
    }

    /// The same answer, which does not tell the caller of these objects because they belong to other owners. The
    /// refusals are recorded when the request is answered.
    pub fn with_refused(mut self, refused: impl IntoIterator<Item = RefusedAccess>) -> Self {
        self.refused.extend(refused);
        self
    }

    /// The accesses that are refused with this answer; the caller of this records them.
    pub(crate) fn refused(&mut self) -> &mut Vec<RefusedAccess> {
        &mut self.refused
    }

    /// The same answer, marked as a repetition of an earlier answer (same idempotency key) when `replayed`.
    pub fn replayed(self, replayed: bool) -> Self {
        if replayed { self.with_header("Idempotency-Replayed", "true") } else { self }
    }

    /// The same answer, never replaced by 304, because its content differs with each read.
    pub fn without_revalidation(mut self) -> Self {
        self.is_revalidated = false;
        self
    }

    /// Whether a client that has the entity tag may get 304.
    pub(super) fn is_revalidated(&self) -> bool {
        self.is_revalidated
    }

    /// 304 for a client that has this answer. The headers that describe the body are removed with the body.
    pub(super) fn not_modified(self) -> Self {
        let mut response = self.without_body();
        response.status = 304;
        response.headers.retain(|(name, _)| !["Content-Type", "Content-Encoding"].contains(name));
        response
    }

    /// The same answer without its body, for `HEAD`.
    pub(super) fn without_body(mut self) -> Self {
        self.body = Body::Text(Cow::Borrowed(""));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header that the handler set.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body.
    pub(super) fn body(&self) -> &[u8] {
        match &self.body {
            Body::Text(text) => text.as_bytes(),
            Body::Bytes(bytes) => bytes,
        }
    }

    /// The body, which is taken out of the answer.
    pub(crate) fn take_body(&mut self) -> Vec<u8> {
        match std::mem::replace(&mut self.body, Body::Text(Cow::Borrowed(""))) {
            Body::Text(text) => text.into_owned().into_bytes(),
            Body::Bytes(bytes) => bytes.to_vec(),
        }
    }

    /// The headers of the answer, with the headers of every answer.
    pub(crate) fn headers<'a>(
        &'a self,
        correlation_id: &'a str,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        all(&self.headers, correlation_id)
    }

    pub(super) fn problem(problem: &Problem, format: ProblemFormat, correlation_id: &str) -> Self {
        let format = problem.format().unwrap_or(format);
        // The body has strings and numbers only, which serde_json always can write.
        let (media_type, body) = match format {
            ProblemFormat::Problem => (MEDIA_TYPE, serde_json::to_string(&problem.document(correlation_id))),
            ProblemFormat::OpenAi => ("application/json", serde_json::to_string(&problem.openai())),
            ProblemFormat::Anthropic => {
                ("application/json", serde_json::to_string(&problem.anthropic(correlation_id)))
            }
        };
        let mut plain = Self::text(problem.kind().status, media_type, body.unwrap_or_default());
        if let Some(decision) = problem.limit() {
            plain.set_rate_limit(decision, format);
        }
        // If two headers have one name, the last one counts.
        problem
            .headers()
            .iter()
            .fold(plain, |response, (name, value)| response.with_header(name, value.clone()))
    }

    /// The answer in the form that API Gateway reads from a proxy integration.
    pub(super) fn into_answer(self, correlation_id: &str) -> Result<Json, Failure> {
        let (body, is_base64_encoded) = match &self.body {
            Body::Text(text) => (Cow::Borrowed(text.as_ref()), false),
            Body::Bytes(bytes) => (Cow::Owned(STANDARD.encode(bytes)), true),
        };
        let headers = Headers { own: &self.headers, correlation_id };
        written(&ProxyAnswer { status_code: self.status, headers, body: &body, is_base64_encoded })
    }
}

/// The answer of a proxy integration (payload format 1.0).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyAnswer<'a> {
    status_code: u16,
    headers: Headers<'a>,
    body: &'a str,
    is_base64_encoded: bool,
}

/// The headers that the handler sets, and the headers of every answer that it does not set.
struct Headers<'a> {
    own: &'a [(&'static str, String)],
    correlation_id: &'a str,
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(all(self.own, self.correlation_id))
    }
}

fn all<'a>(
    own: &'a [(&'static str, String)],
    correlation_id: &'a str,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let ids = REQUEST_ID_HEADERS.map(|name| (name, correlation_id));
    let otherwise = DEFAULT_HEADERS.into_iter().chain(ids);
    let missing =
        otherwise.filter(|(name, _)| !own.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
    own.iter().map(|(name, value)| (*name, value.as_str())).chain(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn no_header_of_a_problem_is_written_twice() {
        let problem = Problem::unavailable("down")
            .with_retry_after(Duration::from_secs(7))
            .with_header("retry-after", "30")
            .with_header("cache-control", "no-cache");
        for format in [ProblemFormat::Problem, ProblemFormat::OpenAi, ProblemFormat::Anthropic] {
            let response = Response::problem(&problem, format, "corr-1");
            let mut names: Vec<_> =
                response.headers("corr-1").map(|(name, _)| name.to_ascii_lowercase()).collect();
            names.sort();
            let written = names.len();
            names.dedup();
            assert_eq!(names.len(), written, "{names:?}");
            let retry = response.headers("corr-1").find(|(name, _)| name.eq_ignore_ascii_case("Retry-After"));
            assert_eq!(retry, Some(("retry-after", "30")));
        }
    }
}
