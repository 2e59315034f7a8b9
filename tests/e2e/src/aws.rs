//! The AWS services of the deployment: as the account's root, to read what the API does not show, and with given
//! credentials, to see what they allow.

use crate::client::agent;
use crate::environment;
use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use aws_sdk_dynamodb::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ureq::http::Request;

/// The only region of the deployment.
const REGION: &str = "us-east-1";

/// The AWS services, as the account's root.
pub struct Aws;

impl Aws {
    /// Calls a service that speaks JSON, such as `DynamoDB_20120810.Scan`; the test fails when the service refuses.
    pub fn call(target: &str, body: &Value) -> Value {
        let service = match target.split('.').next() {
            Some("DynamoDB_20120810") => "dynamodb",
            Some("AmazonSQS") => "sqs",
            Some("AWSEvents") => "events",
            Some("Logs_20140328") => "logs",
            Some("TrentService") => "kms",
            _ => panic!("{target} is of no service known here"),
        };
        let request = root("POST", "/", service)
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(body.to_string());
        let text = answer(target, request.expect("a request"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{target}: {error}: {text}"))
    }

    /// Calls IAM, which answers XML; returns the decoded contents of each element named `element`.
    pub fn iam(action: &str, parameters: &[(&str, &str)], element: &str) -> Vec<String> {
        let encoded = parameters
            .iter()
            .map(|(name, value)| format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        let body = format!("Action={action}&Version=2010-05-08{}", encoded.collect::<String>());
        let request = root("POST", "/", "iam").header("Content-Type", "application/x-www-form-urlencoded");
        let text = answer(action, request.body(body).expect("a request"));
        assert!(!text.contains("<IsTruncated>true"), "{action} answers a page only");
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let contents = text.split(&open).skip(1).filter_map(|rest| rest.split(&close).next());
        contents
            .map(|text| percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned())
            .collect()
    }

    /// Stores an object in a bucket.
    pub fn put_object(bucket: &str, key: &str, body: &Value) {
        let request = root("PUT", &format!("/{bucket}/{key}"), "s3").body(body.to_string());
        answer("PutObject", request.expect("a request"));
    }

    /// The keys of all objects in a bucket.
    pub fn objects(bucket: &str) -> Vec<String> {
        let request = root("GET", &format!("/{bucket}?list-type=2"), "s3").body(String::new());
        let text = answer("ListObjectsV2", request.expect("a request"));
        let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_owned).collect()
    }

    /// Invokes a function as its schedule does, and waits for its end.
    pub fn run_on_schedule(function: &str, event: &str) {
        let path = format!("/2015-03-31/functions/sextant-local-{function}:live/invocations");
        let request = root("POST", &path, "lambda").body(event.to_owned());
        let said = answer("Invoke", request.expect("a request"));
        assert!(!said.contains("errorType"), "{function}: {said}");
    }

    /// The configuration of SDK clients with these credentials.
    pub fn config(access_key: &str, secret_key: &str, session_token: Option<&str>) -> SdkConfig {
        let token = session_token.map(str::to_owned);
        let settings = AwsSettings {
            region: REGION.to_owned(),
            credentials: Credentials::new(access_key, secret_key, token, None, "end-to-end test"),
            endpoint_url: Some(environment().aws_url.clone()),
            service_endpoints: BTreeMap::new(),
            limits: CallLimits { attempts: 1, ..CallLimits::default() },
            round_trips: None,
        };
        sdk_config(&settings).expect("certificates")
    }

    /// The configuration of SDK clients of the account's root.
    pub fn root_config() -> SdkConfig {
        Self::config("test", "test", None)
    }

    /// Runs a call of an SDK client.
    pub fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work)
    }
}

/// A request with the root's key. The emulator does not verify the root's signature, so there is none.
fn root(method: &str, path: &str, service: &str) -> ureq::http::request::Builder {
    Request::builder().method(method).uri(format!("{}{path}", environment().aws_url)).header(
        "Authorization",
        format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"),
    )
}

fn answer(what: &str, request: Request<String>) -> String {
    let mut answer = agent().run(request).unwrap_or_else(|error| panic!("{what}: {error}"));
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().expect("a text");
    assert!(answer.status().is_success(), "{what}: {} {text}", answer.status());
    text
}

/// A DynamoDB attribute as plain JSON; bytes become text in base64.
pub fn plain(attribute: &Value) -> Value {
    let (kind, value) = attribute.as_object().and_then(|typed| typed.iter().next()).expect("an attribute");
    match kind.as_str() {
        "N" => serde_json::from_str(value.as_str().expect("a number")).expect("a number"),
        "NULL" => Value::Null,
        "L" => value.as_array().expect("a list").iter().map(plain).collect(),
        "M" => plain_item(value),
        "B" => {
            assert!(STANDARD.decode(value.as_str().expect("bytes")).is_ok());
            value.clone()
        }
        _ => value.clone(),
    }
}

/// A DynamoDB item as plain JSON.
pub(crate) fn plain_item(item: &Value) -> Value {
    let fields = item.as_object().expect("an item").iter();
    Value::Object(fields.map(|(name, attribute)| (name.clone(), plain(attribute))).collect::<Map<_, _>>())
}
