//! A secret, and its value for some minutes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use adapter_aws::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use ports::{BoxFuture, Source};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a value is used before it is read again.
const CACHE_TIME: Duration = Duration::from_secs(300);

/// A secret text. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Arc<str>);

impl SecretValue {
    /// The text itself, to be sent to the service that it belongs to and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretValue(..)")
    }
}

/// The value could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager answered with an error: no such secret, no access, throttling.
    #[error("Secrets Manager answered {}", .0.as_deref().unwrap_or("with an error without a code"))]
    Answered(Option<String>),
    /// Secrets Manager could not be reached, or not in time.
    #[error("Secrets Manager could not be reached")]
    Unreachable(#[source] Source),
    /// The secret holds bytes, or nothing.
    #[error("the secret holds no text")]
    NoText,
}

/// A secret. Clones share its value.
#[derive(Clone)]
pub struct Secret {
    client: Client,
    id: String,
    kept_for: Duration,
    /// Locked during a look-up, so that simultaneous requests for the value cause one look-up.
    kept: Arc<Mutex<Option<CachedSecret>>>,
}

struct CachedSecret {
    value: SecretValue,
    until: Instant,
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Secret {
    /// The secret with this name or ARN. Nothing is read yet.
    pub fn new(config: &SdkConfig, id: impl Into<String>) -> Self {
        Self { client: Client::new(config), id: id.into(), kept_for: CACHE_TIME, kept: Arc::default() }
    }

    /// Keeps values for this long instead of five minutes.
    pub fn kept_for(self, time: Duration) -> Self {
        Self { kept_for: time, ..self }
    }

    /// The value, from memory or from Secrets Manager. A failed look-up is not kept, and a value past its time is not
    /// used instead: a secret that was taken away must stop working.
    pub async fn value(&self) -> Result<SecretValue, SecretError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return Ok(kept.value.clone());
        }
        let value = self.look_up().await?;
        *kept = Some(CachedSecret { value: value.clone(), until: Instant::now() + self.kept_for });
        Ok(value)
    }

    /// The value in the form in which other adapters ask for a key.
    pub fn source(&self) -> impl Fn() -> BoxFuture<'static, Result<String, Source>> + Send + Sync + 'static {
        let secret = self.clone();
        move || {
            let secret = secret.clone();
            Box::pin(async move { Ok(secret.value().await?.expose().to_owned()) })
        }
    }

    async fn look_up(&self) -> Result<SecretValue, SecretError> {
        let output = self.client.get_secret_value().secret_id(&self.id).send().await.map_err(failure)?;
        // The service's errors and outputs hide the text themselves; from here on `SecretValue` hides it.
        output
            .secret_string()
            .filter(|text| !text.trim().is_empty())
            .map(|text| SecretValue(text.into()))
            .ok_or(SecretError::NoText)
    }
}

/// The SDK's error without the response.
fn failure<E, R>(error: SdkError<E, R>) -> SecretError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(context) => SecretError::Answered(context.err().code().map(str::to_owned)),
        _ => {
            let source = error.into_source().unwrap_or_else(|_| "unknown kind of failure".into());
            SecretError::Unreachable(source)
        }
    }
}
