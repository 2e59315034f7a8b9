//! Helpers of the tests: a configuration.

use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use aws_credential_types::Credentials;
use std::collections::BTreeMap;

/// The configuration of a function whose Bedrock is at this address.
pub(crate) fn config(url: &str) -> SdkConfig {
    let settings = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "test"),
        endpoint_url: None,
        service_endpoints: BTreeMap::from([("BEDROCK".to_owned(), url.to_owned())]),
        limits: CallLimits::default(),
        round_trips: None,
    };
    sdk_config(&settings).unwrap()
}
