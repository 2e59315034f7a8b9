//! The own signature is that of the SDK, and a wrong clock is corrected.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::support::{self, Answer, Request, Stub};
use adapter_aws::{AwsSettings, CallLimits, PostSigning, SdkConfig, sdk_config};
use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;

fn config(url: &str, token: Option<&str>) -> SdkConfig {
    let settings = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Credentials::new("AKIDTEST", "secret", token.map(str::to_owned), None, "test"),
        endpoint_url: Some(url.to_owned()),
        service_endpoints: BTreeMap::new(),
        limits: CallLimits::default(),
        round_trips: None,
    };
    sdk_config(&settings).unwrap()
}

fn client(url: &str, token: Option<&str>) -> Client {
    let config = config(url, token);
    let signing = PostSigning::new(&config, "dynamodb");
    let builder = Builder::from(&config).push_auth_scheme(signing.clone());
    Client::from_conf(builder.interceptor(signing.clone()).retry_classifier(signing).build())
}

fn bedrock(url: &str, token: Option<&str>) -> aws_sdk_bedrockruntime::Client {
    let config = config(url, token);
    let signing = PostSigning::new(&config, "bedrock");
    let builder = aws_sdk_bedrockruntime::config::Builder::from(&config).push_auth_scheme(signing.clone());
    aws_sdk_bedrockruntime::Client::from_conf(
        builder.interceptor(signing.clone()).retry_classifier(signing).build(),
    )
}

async fn invoke(client: &aws_sdk_bedrockruntime::Client, model: &str) -> Result<(), String> {
    let invoke = client.invoke_model().model_id(model).content_type("application/json");
    let invoke = invoke.body(Blob::new("{}"));
    invoke.send().await.map(drop).map_err(|error| format!("{error:?}"))
}

async fn put(client: &Client, value: &str) -> Result<(), String> {
    let put = client.put_item().table_name("t").item("pk", AttributeValue::S(value.to_owned()));
    put.send().await.map(drop).map_err(|error| format!("{error:?}"))
}

/// What `aws-sigv4` makes of the request that was sent, with the headers that it says it signed.
fn expected(url: &str, service: &str, request: &Request, token: Option<&str>) -> String {
    let sent = &request.headers;
    let authorization = &sent["authorization"];
    let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let made_by_it = ["host", "x-amz-date", "x-amz-security-token"];
    let headers =
        names.split(';').filter(|name| !made_by_it.contains(name)).map(|name| (name, sent[name].as_str()));
    let identity: Identity =
        Credentials::new("AKIDTEST", "secret", token.map(str::to_owned), None, "test").into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(service)
        .time(time_of(&sent["x-amz-date"]))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let signable = SignableRequest::new(
        "POST",
        format!("{url}{}", request.path),
        headers,
        SignableBody::Bytes(&request.body),
    )
    .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let signed = instructions.headers().find(|(name, _)| *name == "authorization");
    signed.unwrap().1.to_owned()
}

/// The time of a header such as `20261129T235544Z`.
fn time_of(text: &str) -> SystemTime {
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &text[..4],
        &text[4..6],
        &text[6..8],
        &text[9..11],
        &text[11..13],
        &text[13..15]
    );
    aws_smithy_types::DateTime::from_str(&text, aws_smithy_types::date_time::Format::DateTime)
        .unwrap()
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn the_signature_is_that_of_the_sdk() {
    for token in [None, Some("session-token")] {
        let stub = Stub::start(Answer::With(200, "{}"));
        let client = client(&stub.url, token);
        for value in ["", "a", "ü\u{1F600}", &"long ".repeat(5_000)] {
            put(&client, value).await.unwrap();
        }
        let requests = stub.requests.lock().unwrap().clone();
        assert_eq!(requests.len(), 4);
        for request in requests {
            assert_eq!(request.headers.get("x-amz-security-token").map(String::as_str), token);
            let signed = &request.headers["authorization"];
            let must_be_signed =
                |name: &&str| ["content-type", "host"].contains(name) || name.starts_with("x-amz-");
            let names: Vec<&str> =
                request.headers.keys().map(String::as_str).filter(must_be_signed).collect();
            assert!(names.len() >= 4, "{names:?}");
            assert!(signed.contains(&format!("SignedHeaders={},", names.join(";"))), "{signed}");
            assert_eq!(signed, &expected(&stub.url, "dynamodb", &request, token));
        }
    }
}

#[tokio::test]
async fn a_refused_clock_is_corrected_and_the_call_repeated() {
    for ahead in [-3600_i64, 3600] {
        let stub = Stub::start(Answer::RefuseClock { ahead });
        let client = client(&stub.url, None);
        put(&client, "a").await.unwrap();
        put(&client, "b").await.unwrap();
        let requests = stub.requests.lock().unwrap().clone();
        let differences: Vec<i64> =
            requests.iter().map(|request| support::ahead(time_of(&request.headers["x-amz-date"]))).collect();
        assert_eq!(
            differences.len(),
            3,
            "one refused call, its repetition, and the next call: {differences:?}"
        );
        assert!(differences[0].abs() < 10, "{differences:?}");
        assert!(differences[1..].iter().all(|found| (found - ahead).abs() < 10), "{differences:?}");
    }
}

#[tokio::test]
async fn calls_at_the_same_time_are_all_repeated() {
    let stub = Stub::start(Answer::RefuseClock { ahead: 3600 });
    let client = client(&stub.url, None);
    let (one, two, three) = tokio::join!(put(&client, "a"), put(&client, "b"), put(&client, "c"));
    for done in [one, two, three] {
        done.unwrap();
    }
    assert_eq!(stub.requests.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn paths_are_signed_as_the_sdk_signs_them() {
    for token in [None, Some("session-token")] {
        let stub = Stub::start(Answer::With(200, "{}"));
        let client = bedrock(&stub.url, token);
        let models = [
            "amazon.nova-lite-v1:0",
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude:0",
            "a b~c_d-e.f",
            "(!$&'*+,;=@%2F)",
            "m\u{fc}nchen",
        ];
        for model in models {
            invoke(&client, model).await.unwrap();
        }
        let requests = stub.requests.lock().unwrap().clone();
        assert_eq!(requests.len(), models.len());
        assert!(requests.iter().any(|request| request.path.contains("%3A")), "a path is encoded");
        for request in requests {
            let signed = &request.headers["authorization"];
            assert!(signed.contains("/eu-west-1/bedrock/aws4_request"), "{signed}");
            assert_eq!(signed, &expected(&stub.url, "bedrock", &request, token), "{}", request.path);
        }
    }
}

#[tokio::test]
async fn a_path_that_the_sdk_would_shorten_is_not_signed() {
    for model in [".", ".."] {
        let stub = Stub::start(Answer::With(200, "{}"));
        let error = invoke(&bedrock(&stub.url, None), model).await.unwrap_err();
        assert!(error.contains("Path"), "{error}");
        assert_eq!(stub.requests.lock().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_request_that_is_not_a_post_is_not_signed() {
    let stub = Stub::start(Answer::With(200, "{}"));
    let error = bedrock(&stub.url, None).list_async_invokes().max_results(1).send().await.unwrap_err();
    assert!(format!("{error:?}").contains("NotPost"), "{error:?}");
    assert_eq!(stub.requests.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_clock_that_a_rest_service_refuses_is_corrected_and_the_call_repeated() {
    let stub = Stub::start(Answer::RefuseClockInHeader { ahead: 3600 });
    let client = bedrock(&stub.url, None);
    invoke(&client, "amazon.nova-lite-v1:0").await.unwrap();
    invoke(&client, "amazon.nova-lite-v1:0").await.unwrap();
    assert_eq!(stub.requests.lock().unwrap().len(), 3, "one refused call, its repetition, and the next call");
}

#[tokio::test]
async fn a_signature_that_is_refused_for_another_reason_is_not_repeated() {
    let stub = Stub::start(Answer::RefuseClock { ahead: 0 });
    let error = put(&client(&stub.url, None), "a").await.unwrap_err();
    assert!(error.contains("InvalidSignatureException"), "{error}");
    assert_eq!(stub.requests.lock().unwrap().len(), 1);
}
