//! The one `SdkConfig` of a process, built by hand from settings.
//!
//! It must never use the SDK's default chains: they look for files, metadata services and sign-on caches that a Lambda
//! sandbox does not have.

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::endpoints::ServiceEndpoints;
use crate::identity::OneIdentity;
use crate::settings::{AwsSettings, CallLimits};
use crate::transport::{TrustError, http_client};

/// Builds the configuration from which every SDK client of the process is made.
///
/// The behaviour version is pinned, so that an SDK update can't change retries or timeouts unnoticed. Stalled stream
/// protection is off: the limit of an attempt already ends a stalled answer, and the protection would cost each call a
/// timer and a wrapped body.
///
/// # Errors
/// [`TrustError`] when the certificates of this crate can't be used.
pub fn sdk_config(settings: &AwsSettings) -> Result<SdkConfig, TrustError> {
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(settings.credentials.clone()))
        .identity_cache(OneIdentity::default())
        .http_client(http_client(settings)?)
        .retry_config(retries(settings.limits))
        .timeout_config(timeouts(settings.limits))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .service_config(ServiceEndpoints::new(settings.service_endpoints.clone()));
    builder.set_endpoint_url(settings.endpoint_url.clone());
    Ok(builder.build())
}

/// The same configuration, HTTP client included, with other limits: for a service that answers slowly, such as a model.
pub fn with_limits(config: &SdkConfig, limits: CallLimits) -> SdkConfig {
    config.to_builder().retry_config(retries(limits)).timeout_config(timeouts(limits)).build()
}

fn retries(limits: CallLimits) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(limits.attempts)
}

/// The time to connect is the connector's own.
fn timeouts(limits: CallLimits) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(limits.attempt)
        .operation_timeout(limits.operation)
        .build()
}
