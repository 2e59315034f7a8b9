//! The configuration at work: a real SDK client against a local server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Answer, Stub};
use adapter_aws::{AwsSettings, CallLimits, RoundTrips, SdkConfig, sdk_config, with_limits};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

const FOUND: Answer = Answer::With(200, r#"{"Item":{"pk":{"S":"a"}}}"#);

fn settings(url: &str) -> AwsSettings {
    AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Credentials::new("AKIDTEST", "secret", Some("session".to_owned()), None, "test"),
        endpoint_url: Some(url.to_owned()),
        service_endpoints: BTreeMap::new(),
        limits: CallLimits { attempts: 3, ..CallLimits::default() },
        round_trips: Some(RoundTrips::default()),
    }
}

fn config(settings: &AwsSettings) -> SdkConfig {
    sdk_config(settings).unwrap()
}

async fn get(config: &SdkConfig) -> Result<(), String> {
    let read = Client::new(config).get_item().table_name("t").key("pk", AttributeValue::S("a".to_owned()));
    match read.send().await {
        Ok(output) => output.item.map(drop).ok_or_else(|| "no item".to_owned()),
        Err(error) => Err(format!("{error:?}")),
    }
}

#[tokio::test]
async fn clients_share_one_connection_and_sign_for_the_region() {
    let stub = Stub::start(FOUND);
    let config = config(&settings(&stub.url));
    get(&config).await.unwrap();
    get(&with_limits(&config, CallLimits { attempts: 1, ..CallLimits::default() })).await.unwrap();
    assert_eq!(stub.connections.load(Ordering::SeqCst), 1);
    let signed = stub.authorizations();
    assert!(signed.iter().all(|value| value.contains("AKIDTEST/")), "{signed:?}");
    assert!(signed.iter().all(|value| value.contains("/eu-west-1/dynamodb/aws4_request")), "{signed:?}");
}

#[tokio::test]
async fn a_failing_service_is_tried_three_times_and_each_try_is_counted_in_its_phase() {
    let stub = Stub::start(Answer::With(500, "{}"));
    let settings = settings(&stub.url);
    let counter = settings.round_trips.clone().unwrap();
    let config = config(&settings);
    counter.enter("read");
    get(&config).await.unwrap_err();
    assert_eq!(counter.in_phase("read"), 3);
    assert_eq!(counter.in_phase(""), 0);
    counter.enter("second");
    get(&with_limits(&config, CallLimits { attempts: 1, ..CallLimits::default() })).await.unwrap_err();
    let counts: Vec<_> =
        counter.counts().into_iter().map(|(trip, n)| (trip.phase, trip.operation, n)).collect();
    assert_eq!(counts, [("read", "GetItem".to_owned(), 3), ("second", "GetItem".to_owned(), 1)]);
}

#[tokio::test]
async fn each_try_after_a_failure_has_a_new_connection() {
    for answer in [Answer::With(500, "{}"), Answer::Half, Answer::Nothing] {
        let stub = Stub::start(answer);
        get(&config(&settings(&stub.url))).await.unwrap_err();
        assert_eq!(stub.authorizations().len(), 3);
        assert_eq!(stub.connections.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_service_that_can_not_be_reached_is_tried_three_times() {
    let settings = settings("http://127.0.0.1:9");
    let counter = settings.round_trips.clone().unwrap();
    let error = get(&config(&settings)).await.unwrap_err();
    assert!(error.contains("Io"), "{error}");
    assert_eq!(counter.in_phase(""), 3);
}

#[tokio::test]
async fn the_address_of_a_single_service_wins() {
    let (elsewhere, stub) = (Stub::start(Answer::With(400, "{}")), Stub::start(FOUND));
    let mut settings = settings(&elsewhere.url);
    settings.service_endpoints.insert("DYNAMODB".to_owned(), stub.url.clone());
    settings.service_endpoints.insert("BEDROCK_RUNTIME".to_owned(), "http://127.0.0.1:9".to_owned());
    get(&config(&settings)).await.unwrap();
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_silent_service_is_given_up_in_time() {
    let stub = Stub::start(Answer::Silence);
    let mut settings = settings(&stub.url);
    settings.limits =
        CallLimits { attempt: Duration::from_millis(100), operation: Duration::from_secs(5), attempts: 1 };
    let start = Instant::now();
    let error = get(&config(&settings)).await.unwrap_err();
    assert!(error.contains("imeout"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_https_address_is_never_spoken_to_in_the_clear() {
    // The server answers plain HTTP: only a TLS client fails here. Building it also proves that the roots can be read.
    let stub = Stub::start(FOUND);
    let mut settings = settings(&stub.url.replace("http://", "https://"));
    settings.limits.attempts = 1;
    let error = get(&config(&settings)).await.unwrap_err();
    assert!(!error.contains("no item"), "{error}");
    assert!(stub.authorizations().is_empty());
}

/// Credentials that ended long ago, and how often they were asked for.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<AtomicUsize>);

impl ProvideCredentials for Ended {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.fetch_add(1, Ordering::SeqCst);
        let credentials = Credentials::new("AKIDTEST", "secret", None, Some(SystemTime::UNIX_EPOCH), "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

#[tokio::test]
async fn credentials_are_read_once_for_all_clients() {
    let stub = Stub::start(FOUND);
    let ended = Ended::default();
    let provider = SharedCredentialsProvider::new(ended.clone());
    let config = config(&settings(&stub.url)).to_builder().credentials_provider(provider).build();
    for _ in 0..3 {
        get(&config).await.unwrap();
    }
    assert_eq!(ended.0.load(Ordering::SeqCst), 1);
    assert_eq!(stub.authorizations().len(), 3);
}
