//! One session with AppConfig: a chain of tokens, each of which is valid for one request.

use adapter_aws::{CallLimits, SdkConfig, with_limits};
use aws_sdk_appconfigdata::Client;
use aws_sdk_appconfigdata::error::{ProvideErrorMetadata, SdkError};
use ports::Source;
use std::fmt;
use std::time::Duration;

/// The only environment of the AppConfig application: each environment of this system is its own application.
const ENVIRONMENT: &str = "live";
/// The profile of the document.
const PROFILE: &str = "runtime";
/// A call is not repeated, because a token can be used only once and an answer may have been lost.
const LIMITS: CallLimits =
    CallLimits { attempt: Duration::from_millis(1000), operation: Duration::from_millis(1000), attempts: 1 };

/// A call to AppConfig failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// It answered with an error, such as an unknown application, no access, or throttling.
    #[error("AppConfig answered {}", .0.as_deref().unwrap_or("with an error without a code"))]
    Answered(Option<String>),
    /// It could not be reached, or not in time.
    #[error("AppConfig could not be reached")]
    Unreachable(#[source] Source),
    /// Its answer has no token for the next request.
    #[error("AppConfig answered without a token")]
    NoToken,
    /// It did not answer before the process had to begin.
    #[error("AppConfig did not answer in time")]
    Late,
}

/// The answer to a request.
pub(crate) struct Latest {
    /// The document; `None` when this session already has the newest one, or none is deployed.
    pub(crate) document: Option<Vec<u8>>,
    /// The pause before the next request that AppConfig asks for.
    pub(crate) pause: Duration,
}

/// The place where sessions begin.
pub(crate) struct Sessions {
    client: Client,
    application: String,
    /// The shortest time between two requests, 15 seconds to a day.
    interval: Duration,
}

impl Sessions {
    pub(crate) fn new(config: &SdkConfig, application: String, interval: Duration) -> Self {
        Self { client: Client::new(&with_limits(config, LIMITS)), application, interval }
    }

    pub(crate) fn application(&self) -> &str {
        &self.application
    }

    /// The newest document, read with the token of the previous answer or in a new session, and the token for the next
    /// request.
    pub(crate) async fn latest(&self, token: Option<String>) -> Result<(Latest, String), SessionError> {
        let token = match token {
            Some(token) => token,
            None => self.begin().await?,
        };
        let answer = self.client.get_latest_configuration().configuration_token(token).send().await;
        let answer = answer.map_err(failure)?;
        let next = answer.next_poll_configuration_token.ok_or(SessionError::NoToken)?;
        let document = answer.configuration.map(|blob| blob.into_inner()).filter(|bytes| !bytes.is_empty());
        let seconds = u64::try_from(answer.next_poll_interval_in_seconds).unwrap_or_default();
        Ok((Latest { document, pause: Duration::from_secs(seconds) }, next))
    }

    async fn begin(&self) -> Result<String, SessionError> {
        let seconds = i32::try_from(self.interval.as_secs()).unwrap_or(i32::MAX);
        let begun = self
            .client
            .start_configuration_session()
            .application_identifier(&self.application)
            .environment_identifier(ENVIRONMENT)
            .configuration_profile_identifier(PROFILE)
            .required_minimum_poll_interval_in_seconds(seconds)
            .send()
            .await
            .map_err(failure)?;
        begun.initial_configuration_token.ok_or(SessionError::NoToken)
    }
}

/// The SDK's error without the response in it.
fn failure<E, R>(error: SdkError<E, R>) -> SessionError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(context) => SessionError::Answered(context.err().code().map(str::to_owned)),
        _ => {
            let source = error.into_source().unwrap_or_else(|_| "unknown kind of failure".into());
            SessionError::Unreachable(source)
        }
    }
}
