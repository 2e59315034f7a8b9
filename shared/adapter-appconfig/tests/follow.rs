//! A process that follows its configuration from a server with AppConfig's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod log;
mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use adapter_appconfig::AppConfig;
use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use aws_credential_types::Credentials;
use domain::ai::Feature;
use domain::configuration::{CatalogModel, ModelCatalog};
use log::told;
use ports::Configuration;
use support::{AppConfigStub, Fault};

const BEGIN: &str = "StartConfigurationSession";
const GET: &str = "GetLatestConfiguration";
const ONE: &str = r#"{"version": 1, "chains": {"lead_scoring": ["nova", "rules"], "completion": ["nova"]}, "fine_tuning": true}"#;
const TWO: &str = r#"{"version": 1, "chains": {"lead_scoring": ["rules"], "completion": ["nova"]}}"#;
/// How long a configuration is used in these tests.
const HOLDS: Duration = Duration::from_millis(80);

fn config(url: &str) -> SdkConfig {
    let settings = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "test"),
        endpoint_url: None,
        service_endpoints: BTreeMap::from([("APPCONFIGDATA".to_owned(), url.to_owned())]),
        limits: CallLimits::default(),
        round_trips: None,
    };
    sdk_config(&settings).unwrap()
}

/// The default's models, and nova.
fn catalog() -> ModelCatalog {
    let names = ["anthropic.claude-sonnet-4-6", "amazon.nova-pro-v1:0"];
    let world = names.iter().flat_map(|name| [format!("us.{name}"), format!("eu.{name}")]);
    let model = CatalogModel { converses: true, openai_compatible: false };
    world.chain(["nova".to_owned()]).map(|name| (name, model)).collect()
}

async fn follow(stub: &AppConfigStub) -> AppConfig {
    log::start();
    let config = config(&stub.url);
    AppConfig::holding(&config, "sextant-test".to_owned(), Some(catalog()), HOLDS, HOLDS).await.unwrap()
}

fn steps(configuration: &AppConfig) -> usize {
    configuration.current().chains[&Feature::LeadScoring].len()
}

/// Waits until the current read has ended.
async fn look_ends() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

#[tokio::test]
async fn the_start_asks_once_and_requests_do_not_wait() {
    let stub = AppConfigStub::start();
    stub.deploy(ONE);
    let configuration = follow(&stub).await;
    assert_eq!(stub.calls(), [BEGIN, GET]);
    let begun = &stub.begun()[0];
    assert_eq!(begun["ApplicationIdentifier"], "sextant-test");
    assert_eq!(
        (&begun["EnvironmentIdentifier"], &begun["ConfigurationProfileIdentifier"]),
        (&"live".into(), &"runtime".into())
    );
    assert!(begun["RequiredMinimumPollIntervalInSeconds"].as_i64().unwrap() >= 15);
    for _ in 0..100 {
        assert_eq!(steps(&configuration), 2);
    }
    assert!(stub.calls().is_empty(), "nothing is asked while the configuration holds");

    // The next read is due and slow: the requests are answered at once with the known configuration.
    stub.deploy(TWO);
    stub.fault(Some(Fault::Slow(Duration::from_millis(300))));
    tokio::time::sleep(HOLDS).await;
    let began = Instant::now();
    assert_eq!((steps(&configuration), steps(&configuration)), (2, 2));
    assert!(began.elapsed() < Duration::from_millis(20), "a request waited");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(stub.calls(), [GET], "one look, by the token of the one before");
    assert_eq!(steps(&configuration), 1);
}

#[tokio::test]
async fn an_empty_answer_leaves_what_is_known() {
    let stub = AppConfigStub::start();
    stub.deploy(ONE);
    let configuration = follow(&stub).await;
    let first = configuration.current();
    for _ in 0..2 {
        tokio::time::sleep(HOLDS).await;
        let _begins = configuration.current();
        look_ends().await;
    }
    assert_eq!(stub.calls(), [BEGIN, GET, GET, GET]);
    assert!(std::sync::Arc::ptr_eq(&first, &configuration.current()));
}

#[tokio::test]
async fn a_document_that_is_refused_leaves_the_last_good_one_and_is_told_once() {
    let stub = AppConfigStub::start();
    stub.deploy(ONE);
    let configuration = follow(&stub).await;
    let wrong = ONE.replace(r#""completion": ["nova"]"#, r#""completion": []"#);
    stub.deploy(&wrong);
    for _ in 0..3 {
        tokio::time::sleep(HOLDS).await;
        assert_eq!(steps(&configuration), 2);
        look_ends().await;
        // After a lost session a new one begins and gets the same document again.
        stub.expire_tokens();
    }
    assert!(stub.calls().len() > 5);
    let lines = told("configuration_refused");
    assert_eq!(lines.iter().filter(|line| line.contains("wrong values")).count(), 1, "{lines:?}");
    // The line names the member.
    assert!(lines.iter().any(|line| line.contains("chains.completion")));
    // The next valid document is used.
    stub.deploy(TWO);
    tokio::time::sleep(HOLDS).await;
    let _begins = configuration.current();
    look_ends().await;
    tokio::time::sleep(HOLDS).await;
    let _begins = configuration.current();
    look_ends().await;
    assert_eq!(steps(&configuration), 1);
}

#[tokio::test]
async fn a_start_leaves_out_unknown_names_and_tells_it_once() {
    let stub = AppConfigStub::start();
    stub.deploy(&ONE.replace(r#"["nova", "rules"]"#, r#"["gone-model", "nova", "rules"]"#));
    let configuration = follow(&stub).await;
    for _ in 0..3 {
        assert_eq!(steps(&configuration), 2);
        assert!(configuration.current().fine_tuning, "what else the operators have set holds");
        assert!(!configuration.current().is_of_build);
        tokio::time::sleep(HOLDS).await;
        let _begins = configuration.current();
        look_ends().await;
        // After a lost session a new one begins and gets the same document again.
        stub.expire_tokens();
    }
    assert!(stub.calls().len() > 5);
    let lines = told("configuration_unknown_names");
    assert_eq!(lines.iter().filter(|line| line.contains("chains.lead_scoring.0")).count(), 1, "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("gone-model")), "the place is named and not the value");
}

#[tokio::test]
async fn a_lost_answer_costs_one_look_and_a_new_session() {
    for fault in [Fault::LostAnswer, Fault::Internal] {
        let stub = AppConfigStub::start();
        stub.deploy(ONE);
        let configuration = follow(&stub).await;
        stub.deploy(TWO);
        stub.fault(Some(fault));
        tokio::time::sleep(HOLDS).await;
        assert_eq!(steps(&configuration), 2);
        look_ends().await;
        stub.fault(None);
        assert_eq!(stub.calls(), [BEGIN, GET, GET], "a token is not used twice");
        tokio::time::sleep(HOLDS).await;
        assert_eq!(steps(&configuration), 2);
        look_ends().await;
        assert_eq!(stub.calls(), [BEGIN, GET]);
        assert_eq!(steps(&configuration), 1);
    }
}

#[tokio::test]
async fn a_start_without_appconfig_has_the_document_of_the_build_and_says_so() {
    log::start();
    // No server listens at this address.
    let nobody = config("http://127.0.0.1:1");
    let began = Instant::now();
    let configuration = AppConfig::start(&nobody, "sextant-alone".to_owned(), Some(catalog())).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(1500));
    assert_eq!(configuration.current().chains[&Feature::LeadScoring].len(), 5);
    let lines = told("configuration_default");
    assert_eq!(lines.iter().filter(|line| line.contains("sextant-alone")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_start_waits_shortly_and_takes_the_deployed_document_later() {
    let stub = AppConfigStub::start();
    stub.deploy(ONE);
    stub.fault(Some(Fault::Slow(Duration::from_secs(3))));
    let began = Instant::now();
    let configuration = follow(&stub).await;
    assert!(began.elapsed() < Duration::from_millis(2200), "{:?}", began.elapsed());
    assert_eq!(steps(&configuration), 5);
    assert!(configuration.current().is_of_build);
    stub.fault(None);
    tokio::time::sleep(HOLDS).await;
    assert_eq!(steps(&configuration), 5);
    look_ends().await;
    assert_eq!(steps(&configuration), 2);
    assert!(!configuration.current().is_of_build);
}

#[tokio::test]
async fn nothing_deployed_is_the_document_of_the_build() {
    let stub = AppConfigStub::start();
    let configuration = follow(&stub).await;
    assert_eq!(steps(&configuration), 5);
    assert_eq!(stub.calls(), [BEGIN, GET]);
}

#[tokio::test]
async fn appconfig_says_how_long_it_wants_not_to_be_asked() {
    let stub = AppConfigStub::start();
    stub.deploy(ONE);
    stub.pause(1);
    let configuration = follow(&stub).await;
    assert_eq!(stub.calls(), [BEGIN, GET]);
    for _ in 0..4 {
        tokio::time::sleep(HOLDS * 2).await;
        let _too_soon = configuration.current();
    }
    assert!(stub.calls().is_empty());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _begins = configuration.current();
    look_ends().await;
    assert_eq!(stub.calls(), [GET]);
}

#[tokio::test]
async fn a_start_asks_once_more_where_appconfig_fails_at_once() {
    let stub = AppConfigStub::start();
    stub.deploy(ONE);
    stub.fail_next(1);
    assert_eq!(steps(&follow(&stub).await), 2);
    assert_eq!(stub.calls(), [BEGIN, BEGIN, GET]);
    stub.fail_next(2);
    assert_eq!(steps(&follow(&stub).await), 5);
    assert_eq!(stub.calls(), [BEGIN, BEGIN]);
}
