//! Sorts failures by what the caller can do about them.
//!
//! Provider messages may repeat parts of the request, so they are read here to tell causes apart and never kept.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sdk_bedrockruntime::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_types::event_stream::RawMessage;
use ports::{ModelError, Source};
use serde::Deserialize;

use crate::classification::{self, ErrorMeaning};

/// The cause of a failed call, without any part of the prompt or the completion.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFailure {
    /// The request can't be built, for example because a required part is missing.
    #[error("the request could not be built")]
    Request(#[source] Source),
    /// The service could not be reached: nothing was sent.
    #[error("the service could not be reached")]
    Connection(#[source] Source),
    /// The connection broke after the request was sent, before an answer began.
    #[error("the connection broke before the answer")]
    Lost(#[source] Source),
    /// The answer began and could not be read to its end.
    #[error("the answer could not be read")]
    BrokenAnswer(#[source] Source),
    /// The status says success, but the body does not have the documented shape. Neither the body nor the reader's
    /// error, which may quote it, is kept.
    #[error("the answer is not in the service's form (request {})", request_id.as_deref().unwrap_or("unknown"))]
    Unreadable {
        /// The id of the request, which the provider's support asks for.
        request_id: Option<String>,
    },
    /// The answer lacks a part that the service promises.
    #[error("the answer has no {0}")]
    Incomplete(&'static str),
    /// The service answered with an error.
    #[error("HTTP {status}, {} (request {})", code.as_deref().unwrap_or("no code"), request_id.as_deref().unwrap_or("unknown"))]
    Answered {
        /// HTTP status.
        status: u16,
        /// The service's name for the error.
        code: Option<String>,
        /// The id of the request, which the provider's support asks for.
        request_id: Option<String>,
    },
}

/// A failure that is not caused by the request. A call may be billed when its answer may have been made and its counts
/// are unknown. An error in place of an answer is not billed, nor is a request that was never sent.
pub(crate) fn unavailable(failure: ProviderFailure) -> ModelError {
    match failure {
        ProviderFailure::Lost(_)
        | ProviderFailure::BrokenAnswer(_)
        | ProviderFailure::Unreadable { .. }
        | ProviderFailure::Incomplete(_) => ModelError::Lost(Box::new(failure)),
        ProviderFailure::Request(_) | ProviderFailure::Connection(_) | ProviderFailure::Answered { .. } => {
            ModelError::Unavailable(Box::new(failure))
        }
    }
}

pub(crate) fn refused(failure: ProviderFailure) -> ModelError {
    ModelError::Refused(Box::new(failure))
}

pub(crate) fn unbuildable(error: BuildError) -> ModelError {
    refused(ProviderFailure::Request(error.into()))
}

/// The cause of a failed call, for any operation.
pub(crate) fn of_call<E>(error: SdkError<E, Response>) -> ModelError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let SdkError::ServiceError(context) = &error else { return of_transport(error) };
    let response = context.raw();
    let code = context.err().code();
    let told = ProviderError {
        status: original_status(response).unwrap_or(response.status().as_u16()),
        code,
        message: context.err().message(),
        // A breaker would be open for no time at all.
        retry_after: retry_after(response, SystemTime::now()).filter(|wanted| !wanted.is_zero()),
        request_id: response.request_id(),
    };
    told.meaning()
}

/// The status that the model itself gave, when the service passes on a model's error.
fn original_status(response: &Response) -> Option<u16> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "originalStatusCode")]
        original_status_code: u16,
    }
    let body: Body = serde_json::from_slice(response.body().bytes()?).ok()?;
    Some(body.original_status_code)
}

/// The cause of a stream that broke off after its head said success. Exceptions in a stream have the same meaning as
/// the same errors before it.
pub(crate) fn of_event(
    error: SdkError<ConverseStreamOutputError, RawMessage>,
    request_id: Option<&str>,
) -> ModelError {
    let SdkError::ServiceError(context) = &error else { return of_transport(error) };
    let event = context.err();
    let (status, code) = match event {
        ConverseStreamOutputError::ThrottlingException(_) => (429, "ThrottlingException"),
        ConverseStreamOutputError::ValidationException(_) => (400, "ValidationException"),
        ConverseStreamOutputError::InternalServerException(_) => (500, "InternalServerException"),
        ConverseStreamOutputError::ServiceUnavailableException(_) => (503, "ServiceUnavailableException"),
        ConverseStreamOutputError::ModelStreamErrorException(error) => {
            let original = error.original_status_code().and_then(|status| u16::try_from(status).ok());
            (original.unwrap_or(424), MODEL_STREAM_ERROR)
        }
        // Errors without a name that ConverseStream documents are most likely the service's own.
        _ => (500, event.code().unwrap_or("unknown")),
    };
    ProviderError { status, code: Some(code), message: event.message(), retry_after: None, request_id }
        .meaning()
}

/// The model broke off in the middle of its answer; the event has the status of the model's error.
const MODEL_STREAM_ERROR: &str = "ModelStreamErrorException";

/// The service did not answer, or did not finish its answer.
fn of_transport<E, R>(error: SdkError<E, R>) -> ModelError
where
    E: Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    match error {
        SdkError::TimeoutError(_) => ModelError::TimedOut,
        SdkError::ConstructionFailure(_) => refused(ProviderFailure::Request(source(error))),
        SdkError::ResponseError(_) => unavailable(ProviderFailure::BrokenAnswer(source(error))),
        SdkError::DispatchFailure(failure) => {
            // Only connecting has a timeout in the transport.
            let timed_out = failure.is_timeout();
            let source = source(SdkError::<E, R>::DispatchFailure(failure));
            let never_sent = timed_out || never_connected(source.as_ref());
            unavailable(if never_sent {
                ProviderFailure::Connection(source)
            } else {
                ProviderFailure::Lost(source)
            })
        }
        // An unknown kind of failure is no reason to give up on the model.
        other => unavailable(ProviderFailure::Lost(source(other))),
    }
}

/// Whether no connection could be made: unknown host name, no listener, no TLS. The SDK hides the type of its HTTP
/// client's error but not its text; a test notices when the text changes.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .any(|error| error.to_string() == "client error (Connect)")
}

/// The cause below the SDK's error, without the raw response that the SDK's error holds.
fn source<E, R>(error: SdkError<E, R>) -> Source
where
    E: Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    error.into_source().unwrap_or_else(|_| "unknown kind of failure".into())
}

/// An error as the service described it.
struct ProviderError<'a> {
    status: u16,
    code: Option<&'a str>,
    message: Option<&'a str>,
    retry_after: Option<Duration>,
    request_id: Option<&'a str>,
}

impl ProviderError<'_> {
    fn meaning(&self) -> ModelError {
        let rule = classification::rule(self.code, self.status, self.message.unwrap_or_default());
        match rule.map_or(ErrorMeaning::Refused, |(_, rule)| rule.meaning) {
            ErrorMeaning::Failing => self.failing(),
            ErrorMeaning::TimedOut => ModelError::ProviderTimedOut,
            ErrorMeaning::Throttled => ModelError::Throttled { retry_after: self.retry_after },
            ErrorMeaning::NotAvailable => ModelError::NoSuchModel,
            ErrorMeaning::TooLong => ModelError::ContextLength,
            ErrorMeaning::Malformed => ModelError::MalformedAnswer(Box::new(self.answered())),
            ErrorMeaning::Refused => refused(self.answered()),
            ErrorMeaning::Unreadable => {
                unavailable(ProviderFailure::Unreadable { request_id: self.request_id.map(str::to_owned) })
            }
        }
    }

    /// The service's own failure, with the pause that it asks for.
    fn failing(&self) -> ModelError {
        match self.retry_after {
            Some(retry_after) => ModelError::Resting { retry_after, source: Box::new(self.answered()) },
            None => unavailable(self.answered()),
        }
    }

    fn answered(&self) -> ProviderFailure {
        ProviderFailure::Answered {
            status: self.status,
            code: self.code.map(str::to_owned),
            request_id: self.request_id.map(str::to_owned),
        }
    }
}

/// The provider's `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(response: &Response, now: SystemTime) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = SystemTime::try_from(DateTime::from_str(value, Format::HttpDate).ok()?).ok()?;
    // A date in the past means now.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn waits(header: &'static str) -> Option<Duration> {
        let mut response = Response::new(StatusCode::try_from(429).unwrap(), SdkBody::empty());
        response.headers_mut().insert("retry-after", header);
        // Wed, 21 Oct 2015 07:28:00 GMT
        retry_after(&response, SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480))
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(waits("7"), Some(Duration::from_secs(7)));
        assert_eq!(waits("Wed, 21 Oct 2015 07:28:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(waits("Wed, 21 Oct 2015 07:27:00 GMT"), Some(Duration::ZERO));
        assert_eq!(waits("soon"), None);
    }
}
