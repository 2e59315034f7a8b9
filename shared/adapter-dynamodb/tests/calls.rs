//! The headers of a call to DynamoDB.

use crate::support::at;
use adapter_aws::SdkConfig;
use adapter_dynamodb::{DynamoStore, Tables};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::AggregateType;
use domain::id::{LeadId, OrganizationId, SessionId, new_id};
use ports::{AggregateKey, Store};
use std::sync::{Arc, Mutex};

/// A request: its address, and the names of its headers in alphabetical order.
type Sent = (String, Vec<String>);

/// Remembers each request, and answers none.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Sent>>>);

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut names: Vec<String> = request.headers().iter().map(|(name, _)| name.to_owned()).collect();
        names.sort();
        self.0.lock().unwrap().push((request.uri().to_owned(), names));
        HttpConnectorFuture::ready(Err(ConnectorError::user("recorded".into())))
    }
}

#[tokio::test]
async fn calls_do_not_describe_their_client_and_go_to_the_address_of_the_first_one() {
    let recorder = Recorder::default();
    let connector = SharedHttpConnector::new(recorder.clone());
    let credentials = Credentials::new("AKIDTEST", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    // By the rules of the SDK a table of another account has an address of its own.
    let tables = Tables {
        ledger: "ledger".to_owned(),
        state: "state".to_owned(),
        ephemeral: "arn:aws:dynamodb:eu-west-1:222222222222:table/ephemeral".to_owned(),
    };
    let store = DynamoStore::new(&config, tables);
    let tenant: OrganizationId = new_id(at(0), &[1; 10]);
    let (lead, session): (LeadId, SessionId) = (new_id(at(0), &[2; 10]), new_id(at(0), &[3; 10]));
    for key in [
        AggregateKey::new(tenant, AggregateType::Lead, &lead),
        AggregateKey::new(tenant, AggregateType::Session, &session),
    ] {
        store.load(&key).await.unwrap_err();
    }
    let headers = ["authorization", "content-length", "content-type", "x-amz-date", "x-amz-target"];
    let headers: Vec<String> = headers.iter().map(|&name| name.to_owned()).collect();
    let sent = ("https://dynamodb.eu-west-1.amazonaws.com/".to_owned(), headers);
    assert_eq!(*recorder.0.lock().unwrap(), [sent.clone(), sent]);
}
