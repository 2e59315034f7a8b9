//! The settings that a function needs to call AWS, read once from the variables of its environment.
//!
//! The credentials are the only secret among them. `Debug` shows neither the secret key nor the session token.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::RoundTrips;
use aws_credential_types::Credentials;

const REGION: &str = "AWS_REGION";
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const BEDROCK: &str = "BEDROCK_RUNTIME";
const SERVICE_ENDPOINT_PREFIX: &str = "AWS_ENDPOINT_URL_";
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

/// Everything [`sdk_config`](crate::sdk_config) depends on.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// The region all clients call, from `AWS_REGION` (Lambda always sets it).
    pub region: String,
    /// The keys that sign each call, from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    pub credentials: Credentials,
    /// One base address instead of AWS's own, from `AWS_ENDPOINT_URL`: a local emulator.
    pub endpoint_url: Option<String>,
    /// Base addresses of single services by the AWS SDK convention: the service id in capitals with underscores, so
    /// `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` is found here as `BEDROCK_RUNTIME`. They take precedence over `endpoint_url`.
    pub service_endpoints: BTreeMap<String, String>,
    /// The time and the attempts that one call may take.
    pub limits: CallLimits,
    /// Counts every request sent, when a test or a benchmark asks for it.
    pub round_trips: Option<RoundTrips>,
}

/// How long one SDK call may take and how often it is tried.
///
/// Opening a connection always has one second: AWS answers in single milliseconds or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// The time of one attempt, from picking a connection until the answer is read.
    pub attempt: Duration,
    /// The time of all attempts and the pauses between them.
    pub operation: Duration,
    /// The number of attempts; 1 means no retry.
    pub attempts: u32,
}

impl Default for CallLimits {
    /// For data stores: three attempts of two seconds fit well within the gateway's 29 seconds.
    fn default() -> Self {
        Self { attempt: Duration::from_secs(2), operation: Duration::from_secs(8), attempts: 3 }
    }
}

/// The environment can't be used. The error names the variable, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The variable is absent, blank or not text.
    #[error("the environment variable {0} is missing")]
    Missing(String),
    /// The variable is not an `http://` or `https://` address.
    #[error("the environment variable {0} is not an http or https address")]
    NotAnAddress(String),
}

impl AwsSettings {
    /// Whether another server stands in the place of Bedrock's models.
    pub fn has_own_bedrock(&self) -> bool {
        self.service_endpoints.contains_key(BEDROCK)
    }

    /// Reads the variables of the environment, each with its value.
    ///
    /// # Errors
    /// [`SettingsError`] when the region or the credentials are missing or an endpoint is not an address.
    pub fn read<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SettingsError> {
        let vars: BTreeMap<&str, &str> = variables
            .into_iter()
            .filter(|(name, value)| name.starts_with("AWS_") && !value.trim().is_empty())
            .collect();
        let required = |name: &str| {
            vars.get(name)
                .map(|value| (*value).to_owned())
                .ok_or_else(|| SettingsError::Missing(name.to_owned()))
        };
        let credentials = Credentials::new(
            required(ACCESS_KEY_ID)?,
            required(SECRET_ACCESS_KEY)?,
            vars.get(SESSION_TOKEN).map(|token| (*token).to_owned()),
            None,
            "environment",
        );
        let region = required(REGION)?;
        let endpoint_url = vars.get(ENDPOINT).map(|url| address(ENDPOINT, url)).transpose()?;
        let service_endpoints = vars
            .iter()
            .filter_map(|(name, url)| Some((name, name.strip_prefix(SERVICE_ENDPOINT_PREFIX)?, url)))
            .map(|(name, service, url)| Ok((service.to_owned(), address(name, url)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            region,
            credentials,
            endpoint_url,
            service_endpoints,
            limits: CallLimits::default(),
            round_trips: None,
        })
    }

    /// Whether any client may call an `https` address. When none can, no trusted certificate is read.
    pub(crate) fn needs_tls(&self) -> bool {
        let plain = |url: &String| url.starts_with("http://");
        !self.endpoint_url.as_ref().is_some_and(plain) || !self.service_endpoints.values().all(plain)
    }
}

fn address(variable: &str, url: &str) -> Result<String, SettingsError> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() => Ok(url.to_owned()),
        _ => Err(SettingsError::NotAnAddress(variable.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: [(&str, &str); 3] =
        [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];

    fn read(extra: &[(&str, &str)]) -> Result<AwsSettings, SettingsError> {
        AwsSettings::read(LAMBDA.iter().chain(extra).copied())
    }

    #[test]
    fn a_sandbox_needs_region_and_credentials_only() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.region, "eu-west-1");
        assert_eq!(settings.endpoint_url, None);
        assert!(settings.needs_tls());
    }

    #[test]
    fn each_missing_variable_is_named() {
        for (missing, _) in LAMBDA {
            for blank in [None, Some((missing, " "))] {
                let vars = LAMBDA.into_iter().filter(|(name, _)| *name != missing).chain(blank);
                assert_eq!(AwsSettings::read(vars).unwrap_err(), SettingsError::Missing(missing.to_owned()));
            }
        }
    }

    #[test]
    fn the_credentials_are_those_of_the_variables_and_never_shown() {
        let settings = read(&[("AWS_SESSION_TOKEN", "session-token")]).unwrap();
        assert_eq!(settings.credentials.access_key_id(), "AKID");
        assert_eq!(settings.credentials.secret_access_key(), "secret");
        assert_eq!(settings.credentials.session_token(), Some("session-token"));
        let shown = format!("{settings:?}");
        assert!(!shown.contains("\"secret\"") && !shown.contains("session-token"), "{shown}");
    }

    #[test]
    fn tls_is_left_out_only_when_every_endpoint_is_plain() {
        let local = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
        assert!(!read(&[local]).unwrap().needs_tls());
        assert!(!read(&[local, ("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")]).unwrap().needs_tls());
        assert!(read(&[local, ("AWS_ENDPOINT_URL_KMS", "https://kms.local")]).unwrap().needs_tls());
        assert!(read(&[("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")]).unwrap().needs_tls());
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_refused_by_name() {
        for bad in ["127.0.0.1:4566", "ftp://host", "https://"] {
            let error = read(&[("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bad)]).unwrap_err();
            assert_eq!(error, SettingsError::NotAnAddress("AWS_ENDPOINT_URL_BEDROCK_RUNTIME".to_owned()));
        }
    }
}
