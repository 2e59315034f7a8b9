//! Sorts failures by what the caller can do about them.
//!
//! Messages of a server may repeat parts of the request, so they are read here to tell causes apart and never kept.

use std::time::{Duration, SystemTime};

use ports::{ModelError, Source};
use serde_json::Value;

use crate::classification::{self, ErrorMeaning};

/// The cause of a failed call, without any part of the prompt or the completion.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFailure {
    /// The request can't be built, or has a part that this wire format can't express.
    #[error("the request could not be built")]
    Request(#[source] Source),
    /// The API key could not be read.
    #[error("the API key could not be read")]
    Key(#[source] Source),
    /// The server could not be reached: nothing was sent.
    #[error("the server could not be reached")]
    Connection(#[source] Source),
    /// The connection broke after the request was sent, before an answer began.
    #[error("the connection broke before the answer")]
    Lost(#[source] Source),
    /// The answer began and could not be read to its end.
    #[error("the answer could not be read")]
    BrokenAnswer(#[source] Source),
    /// The answer lacks a part that the format promises.
    #[error("the answer has no {0}")]
    Incomplete(&'static str),
    /// The server answered with an error.
    #[error("HTTP {status}, {} (request {})", code.as_deref().unwrap_or("no code"), request_id.as_deref().unwrap_or("unknown"))]
    Answered {
        /// HTTP status.
        status: u16,
        /// The server's name for the error.
        code: Option<String>,
        /// The id of the request, which the provider's support asks for.
        request_id: Option<String>,
    },
}

/// A failure that is not caused by the request. A call may be billed when its answer may have been made and its counts
/// are unknown. An error in place of an answer is not billed, nor is a request that was never sent.
pub(crate) fn unavailable(failure: ProviderFailure) -> ModelError {
    match failure {
        ProviderFailure::Lost(_) | ProviderFailure::BrokenAnswer(_) | ProviderFailure::Incomplete(_) => {
            ModelError::Lost(Box::new(failure))
        }
        ProviderFailure::Request(_)
        | ProviderFailure::Key(_)
        | ProviderFailure::Connection(_)
        | ProviderFailure::Answered { .. } => ModelError::Unavailable(Box::new(failure)),
    }
}

pub(crate) fn refused(failure: ProviderFailure) -> ModelError {
    ModelError::Refused(Box::new(failure))
}

/// The meaning of an error answer.
pub(crate) fn of_answer(
    status: u16,
    body: &Value,
    retry_after: Option<Duration>,
    request_id: Option<String>,
) -> ModelError {
    let told = ProviderError::new(body);
    // A breaker would be open for no time at all.
    let retry_after = retry_after.or(told.retry_after).filter(|wanted| !wanted.is_zero());
    let answered = ProviderFailure::Answered {
        status,
        code: told.code.or(told.kind).filter(|name| is_name(name)).map(str::to_owned),
        request_id: request_id.filter(|id| is_name(id)),
    };
    let rule = classification::rule(status, [told.code, told.kind], told.message);
    match rule.map_or(ErrorMeaning::Failing, |(_, rule)| rule.meaning) {
        ErrorMeaning::TooLong => ModelError::ContextLength,
        ErrorMeaning::Throttled => ModelError::Throttled { retry_after },
        ErrorMeaning::TimedOut => ModelError::ProviderTimedOut,
        ErrorMeaning::NotAvailable => ModelError::NoSuchModel,
        ErrorMeaning::Malformed => ModelError::MalformedAnswer(Box::new(answered)),
        ErrorMeaning::Refused => refused(answered),
        ErrorMeaning::Failing => match retry_after {
            Some(retry_after) => ModelError::Resting { retry_after, source: Box::new(answered) },
            None => unavailable(answered),
        },
    }
}

/// The meaning of an error in a stream whose head said success.
pub(crate) fn of_event(error: &Value, request_id: Option<String>) -> ModelError {
    let told = ProviderError::new(error);
    let by_name = match () {
        () if told.is(&["rate_limit_exceeded", "rate_limit_error"]) => Some(429),
        () if told.is(&["invalid_request_error", "BadRequestError"]) => Some(400),
        () => None,
    };
    let status = told.status.or(by_name).unwrap_or(500);
    of_answer(status, error, None, request_id)
}

/// An error as a server writes it: `{"error": {"message", "type", "code"}}`, the same without the outer object (Mistral,
/// older vLLM), within a list (Gemini), `{"error": "text"}`, `{"detail": ...}` (servers made with FastAPI), or a text alone. A
/// code that is a number is the status.
struct ProviderError<'a> {
    message: &'a str,
    kind: Option<&'a str>,
    code: Option<&'a str>,
    status: Option<u16>,
    /// Gemini's `RetryInfo`.
    retry_after: Option<Duration>,
}

impl<'a> ProviderError<'a> {
    fn new(body: &'a Value) -> Self {
        let body = body.as_array().and_then(|several| several.first()).unwrap_or(body);
        let error = body.get("error").unwrap_or(body);
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        let number = |name: &str| error.get(name).and_then(Value::as_u64);
        let status =
            number("code").or_else(|| number("status_code")).and_then(|code| u16::try_from(code).ok());
        let mut details = error.get("details").and_then(Value::as_array).into_iter().flatten();
        Self {
            message: text_of(error).unwrap_or_default(),
            kind: text("type").or_else(|| text("status")),
            code: text("code"),
            status: status.filter(|status| (400..600).contains(status)),
            retry_after: details.find_map(|detail| {
                let delay = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?;
                Duration::try_from_secs_f64(delay.parse().ok()?).ok()
            }),
        }
    }

    fn is(&self, names: &[&str]) -> bool {
        [self.code, self.kind].into_iter().flatten().any(|name| names.contains(&name))
    }
}

/// The text of an error: the error itself, its message, or the first of several.
fn text_of(error: &Value) -> Option<&str> {
    match error {
        Value::String(text) => Some(text),
        Value::Array(several) => text_of(several.first()?),
        Value::Object(members) => {
            ["message", "detail", "msg"].into_iter().find_map(|name| text_of(members.get(name)?))
        }
        _ => None,
    }
}

/// Whether this is a name and no text, because a server may write any text here.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || [b'_', b'-', b'.'].contains(&byte))
}

/// The provider's `Retry-After`: seconds, which some write with a fraction, or a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Some(seconds) = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        return Some(seconds);
    }
    // A date in the past means now.
    Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default())
}

/// Milliseconds until the next call: `retry-after-ms` of OpenAI and Azure, which is more exact than `Retry-After`.
pub(crate) fn retry_after_ms(value: &str) -> Option<Duration> {
    let milliseconds: f64 = value.trim().parse().ok()?;
    Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wait_of_no_time_is_none() {
        let failing = |wanted| of_answer(503, &json!({}), Some(Duration::from_secs(wanted)), None);
        assert!(matches!(failing(0), ModelError::Unavailable(_)));
        assert!(matches!(failing(1), ModelError::Resting { .. }));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // Wed, 21 Oct 2015 07:28:00 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        let waits = |value| retry_after(value, now);
        assert_eq!(waits("7"), Some(Duration::from_secs(7)));
        assert_eq!(waits("Wed, 21 Oct 2015 07:28:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(waits("Wed, 21 Oct 2015 07:27:00 GMT"), Some(Duration::ZERO));
        assert_eq!(waits("soon"), None);
        assert_eq!(waits("1.5"), Some(Duration::from_millis(1_500)));
        assert_eq!((waits("-1"), waits("NaN"), waits("1e99")), (None, None, None));
        assert_eq!(retry_after_ms(" 250 "), Some(Duration::from_millis(250)));
        assert_eq!((retry_after_ms("-1"), retry_after_ms("soon")), (None, None));
    }

    #[test]
    fn a_server_says_in_the_body_when_it_is_back() {
        let info = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"});
        let body = json!([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{}, info]}}]);
        let wait = |header| match of_answer(429, &body, header, None) {
            ModelError::Throttled { retry_after } => retry_after,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(None), Some(Duration::from_millis(34_500)));
        assert_eq!(wait(Some(Duration::from_secs(2))), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_server_that_fails_says_when_it_is_back() {
        let wait = Duration::from_secs(9);
        for status in [500, 502, 503, 529] {
            let error = of_answer(status, &Value::Null, Some(wait), None);
            assert!(
                matches!(error, ModelError::Resting { retry_after, .. } if retry_after == wait),
                "{status}"
            );
            assert!(matches!(of_answer(status, &Value::Null, None, None), ModelError::Unavailable(_)));
        }
    }

    #[test]
    fn a_malformed_answer_is_the_requests_failure_and_not_the_servers() {
        for (status, kind) in [(500, "model_error"), (424, "generation")] {
            let error = of_answer(status, &json!({"error": {"type": kind}}), None, None);
            assert!(matches!(error, ModelError::MalformedAnswer(_)), "{status}: {error:?}");
            assert_eq!(error.cause(), ports::FailureCause::Request);
        }
    }

    #[test]
    fn texts_where_names_belong_are_not_kept() {
        let error = json!({"error": {"code": "the secret prompt", "type": "bad: the secret prompt"}});
        for status in [400, 500] {
            let said = format!("{:?}", of_answer(status, &error, None, Some("a b".to_owned())));
            assert!(said.contains("code: None") && said.contains("request_id: None"), "{said}");
        }
    }

    #[test]
    fn events_have_the_status_they_name_or_their_names_have() {
        let event = |error| of_event(&json!({ "error": error }), None);
        assert!(matches!(event(json!({"code": 429})), ModelError::Throttled { .. }));
        assert!(matches!(event(json!({"code": "rate_limit_exceeded"})), ModelError::Throttled { .. }));
        assert!(matches!(event(json!({"type": "invalid_request_error"})), ModelError::Refused(_)));
        assert!(matches!(event(json!({"type": "server_error"})), ModelError::Unavailable(_)));
        assert!(matches!(event(json!("out of memory")), ModelError::Unavailable(_)));
        assert!(matches!(event(json!({"code": 7})), ModelError::Unavailable(_)));
        // Groq.
        assert!(matches!(event(json!({"status_code": 429})), ModelError::Throttled { .. }));
    }
}
