//! What went wrong, sorted by what the caller can do about it.
//!
//! Provider messages may repeat parts of the request, so they are read here to tell causes apart and never kept.

use std::time::{Duration, SystemTime};

use application::ports::{ModelError, Source};
use aws_sdk_bedrockruntime::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::date_time::{DateTime, Format};

/// The cause of a failed call, without anything that was asked or answered.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFailure {
    /// The request can't be made, for example because a required part is missing.
    #[error("the request could not be built")]
    Request(#[source] Source),
    /// The service could not be reached, or the connection broke before its answer began.
    #[error("the service could not be reached")]
    Connection(#[source] Source),
    /// The answer began and could not be read to its end.
    #[error("the answer could not be read")]
    BrokenAnswer(#[source] Source),
    /// The answer lacks something the service promises.
    #[error("the answer has no {0}")]
    Incomplete(&'static str),
    /// The service answered with an error.
    #[error("HTTP {status}, {} (request {})", code.as_deref().unwrap_or("no code"), request_id.as_deref().unwrap_or("unknown"))]
    Answered {
        /// HTTP status.
        status: u16,
        /// The service's name of the error.
        code: Option<String>,
        /// What the provider's support asks for.
        request_id: Option<String>,
    },
}

pub(crate) fn unavailable(failure: ProviderFailure) -> ModelError {
    ModelError::Unavailable(Box::new(failure))
}

pub(crate) fn unbuildable(error: BuildError) -> ModelError {
    ModelError::Refused(Box::new(ProviderFailure::Request(error.into())))
}

pub(crate) fn of_call(error: SdkError<ConverseError, Response>) -> ModelError {
    match error {
        SdkError::TimeoutError(_) => ModelError::TimedOut,
        SdkError::ConstructionFailure(_) => {
            ModelError::Refused(Box::new(ProviderFailure::Request(source(error))))
        }
        SdkError::DispatchFailure(_) => unavailable(ProviderFailure::Connection(source(error))),
        SdkError::ResponseError(_) => unavailable(ProviderFailure::BrokenAnswer(source(error))),
        SdkError::ServiceError(context) => {
            let response = context.raw();
            let error = context.err();
            let status = response.status().as_u16();
            let answered = ProviderFailure::Answered {
                status,
                code: error.code().map(str::to_owned),
                request_id: response.request_id().map(str::to_owned),
            };
            of_answer(error, status, retry_after(response, SystemTime::now()), answered)
        }
        // A kind of failure this version does not know is no reason to give up on the model.
        other => unavailable(ProviderFailure::Connection(source(other))),
    }
}

/// The cause below the SDK's error, without the raw response that the SDK's error holds.
fn source(error: SdkError<ConverseError, Response>) -> Source {
    error.into_source().unwrap_or_else(|_| "unknown kind of failure".into())
}

fn of_answer(
    error: &ConverseError,
    status: u16,
    retry_after: Option<Duration>,
    answered: ProviderFailure,
) -> ModelError {
    match error {
        ConverseError::ThrottlingException(_) | ConverseError::ModelNotReadyException(_) => {
            ModelError::Throttled { retry_after }
        }
        ConverseError::ModelTimeoutException(_) => ModelError::TimedOut,
        ConverseError::InternalServerException(_)
        | ConverseError::ServiceUnavailableException(_)
        | ConverseError::ModelErrorException(_) => unavailable(answered),
        ConverseError::AccessDeniedException(_) | ConverseError::ResourceNotFoundException(_) => {
            ModelError::NoSuchModel
        }
        ConverseError::ValidationException(_) => invalid(error.message().unwrap_or_default(), answered),
        // Errors without a name Converse documents: of a proxy, or of AWS's own front.
        _ => match status {
            429 => ModelError::Throttled { retry_after },
            408 | 504 => ModelError::TimedOut,
            403 | 404 => ModelError::NoSuchModel,
            // An answer that can't be read: cut JSON, or JSON of another shape.
            ..300 | 500.. => unavailable(answered),
            _ => ModelError::Refused(Box::new(answered)),
        },
    }
}

/// Bedrock has one error for everything wrong with a request; only its text tells these apart.
fn invalid(message: &str, answered: ProviderFailure) -> ModelError {
    let message = message.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    if has(&TOO_LONG) {
        ModelError::ContextLength
    } else if has(&NOT_A_MODEL) {
        ModelError::NoSuchModel
    } else {
        ModelError::Refused(Box::new(answered))
    }
}

/// How the models on Bedrock say that a prompt does not fit: Claude (three wordings), Nova, Llama and Mistral, Titan.
const TOO_LONG: [&str; 6] = [
    "input is too long",
    "prompt is too long",
    "exceed context limit",
    "number of input tokens exceeds maximum length",
    "maximum context length",
    "too many input tokens",
];

/// A wrong id, and an id that only an inference profile makes usable.
const NOT_A_MODEL: [&str; 2] = ["model identifier is invalid", "on-demand throughput isn"];

/// When the provider wants to hear from us again: seconds, or a date (RFC 9110, 10.2.3).
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

    #[test]
    fn validation_texts_are_told_apart() {
        let kind = |message| invalid(message, ProviderFailure::Incomplete("test"));
        for long in [
            "Input is too long for requested model.",
            "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum",
            "The model returned the following errors: input length and `max_tokens` exceed context limit: 1 + 2 > 3",
            "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
            "This model's maximum context length is 8192 tokens.",
        ] {
            assert!(matches!(kind(long), ModelError::ContextLength), "{long}");
        }
        for wrong in [
            "The provided model identifier is invalid.",
            "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
        ] {
            assert!(matches!(kind(wrong), ModelError::NoSuchModel), "{wrong}");
        }
        assert!(matches!(kind("temperature must be at most 1"), ModelError::Refused(_)));
    }
}
