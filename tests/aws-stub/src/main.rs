//! The AWS services that a function calls, for measuring one: an embedded DynamoDB with the template's tables, a key
//! service with real cryptography, a bus that accepts everything, and a secret store. It counts the calls and the capacity
//! they use.
//!
//! It prints the address of its control endpoint and ends when its standard input does:
//! - `GET /endpoints`: the variables that lead an AWS SDK to the services, and the names of the tables and keys.
//! - `POST /deploy`: deploys its body as the runtime configuration.
//! - `GET /calls`: the calls since the last time this was asked, as `[{"operation", "capacity"}]`.
//!
//! It must never be reachable from another machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

// The stub of the adapter's own tests.
#[path = "../../../shared/adapter-appconfig/tests/support/mod.rs"]
mod appconfig;
mod bus;
mod http;
mod secrets;
mod service;
// The stub of the adapter's own tests.
#[path = "../../../shared/adapter-kms/tests/support/mod.rs"]
mod kms;

use appconfig::AppConfigStub;
use kms::{CUSTOMER_KEY, KmsStub, TOKEN_KEY};
use serde_json::{Value, json};
use service::Service;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use testkit::TestEnvironment;

fn main() {
    let environment = Arc::new(TestEnvironment::start());
    let keys = Arc::new(KmsStub::start());
    let bus = bus::start();
    let secrets = secrets::start();
    let configuration = AppConfigStub::start();
    let tables = environment.tables();
    let database = environment.sdk_config().endpoint_url().expect("an endpoint").to_owned();
    let endpoints = json!({
        "AWS_ENDPOINT_URL": database,
        "AWS_ENDPOINT_URL_KMS": keys.url,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets.url,
        "AWS_ENDPOINT_URL_APPCONFIGDATA": configuration.url,
        "LEDGER_TABLE": tables.ledger,
        "STATE_TABLE": tables.state,
        "EPHEMERAL_TABLE": tables.ephemeral,
        "DATA_KEY_ID": CUSTOMER_KEY,
        "TOKEN_KEY_IDS": TOKEN_KEY,
    });
    let url = http::listen(move |request| match request.path.as_str() {
        "/endpoints" => (200, endpoints.clone()),
        "/calls" => (200, calls(&environment, &keys, &bus, &secrets, &configuration)),
        "/deploy" => {
            configuration.deploy(&request.body.to_string());
            (200, Value::Null)
        }
        _ => (404, Value::Null),
    });
    let mut output = std::io::stdout();
    writeln!(output, "{url}").and_then(|()| output.flush()).expect("somebody reads the address");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn calls(
    environment: &TestEnvironment,
    keys: &KmsStub,
    bus: &Service,
    secrets: &Service,
    configuration: &AppConfigStub,
) -> Value {
    let database = environment.wire().take_calls().into_iter().map(|call| (call.operation, call.capacity));
    let others = keys
        .calls()
        .into_iter()
        .chain(bus.calls())
        .chain(secrets.calls())
        .chain(configuration.calls())
        .map(|operation| (operation, 0.0));
    let all = database.chain(others);
    all.map(|(operation, capacity)| json!({"operation": operation, "capacity": capacity})).collect()
}
