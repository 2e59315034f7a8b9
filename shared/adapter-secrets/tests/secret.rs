//! A secret against a server that speaks Secrets Manager's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use adapter_secrets::{Secret, SecretError};
use aws_credential_types::Credentials;

const ID: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sextant/openai-AbCdEf";

/// A server that sends the next answer for each request after a pause; returns its address and the requests.
fn server(answers: Vec<(u16, String)>) -> (SdkConfig, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = mpsc::channel();
    thread::spawn(move || {
        for (status, body) in answers {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = vec![0; 64 * 1024];
            let read = connection.read(&mut request).unwrap();
            sender.send(String::from_utf8_lossy(&request[..read]).into_owned()).unwrap();
            thread::sleep(Duration::from_millis(60));
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close"
            );
            write!(connection, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    let settings = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "test"),
        endpoint_url: Some(url),
        service_endpoints: BTreeMap::new(),
        limits: CallLimits {
            attempt: Duration::from_secs(2),
            operation: Duration::from_secs(2),
            attempts: 1,
        },
        round_trips: None,
    };
    (sdk_config(&settings).unwrap(), sent)
}

fn value(text: &str) -> (u16, String) {
    (200, format!(r#"{{"ARN":"{ID}","Name":"sextant/openai","VersionId":"v","SecretString":"{text}"}}"#))
}

#[tokio::test]
async fn one_look_up_serves_everybody_for_a_while() {
    let (config, sent) = server(vec![value("sk-one"), value("sk-two")]);
    let secret = Secret::new(&config, ID).kept_for(Duration::from_millis(400));
    assert!(sent.try_recv().is_err(), "nothing is looked up before it is needed");
    // At the same time, and by another clone.
    let other = secret.clone();
    let (one, two) = tokio::join!(secret.value(), other.value());
    assert_eq!((one.unwrap().expose(), two.unwrap().expose()), ("sk-one", "sk-one"));
    assert_eq!(secret.source()().await.unwrap(), "sk-one");
    let request = sent.recv().unwrap();
    assert!(request.contains("secretsmanager.GetSecretValue"), "{request}");
    assert!(sent.try_recv().is_err(), "a second look-up");
    tokio::time::sleep(Duration::from_millis(450)).await;
    assert_eq!(secret.value().await.unwrap().expose(), "sk-two");
}

#[tokio::test]
async fn a_failed_look_up_is_not_kept_and_no_old_value_is_used_instead() {
    let gone =
        (400, r#"{"__type":"ResourceNotFoundException","Message":"sk-one can't be found"}"#.to_owned());
    let (config, _sent) = server(vec![value("sk-one"), gone, value("sk-two")]);
    let secret = Secret::new(&config, ID).kept_for(Duration::ZERO);
    secret.value().await.unwrap();
    let error = secret.value().await.unwrap_err();
    assert!(
        matches!(&error, SecretError::Answered(Some(code)) if code == "ResourceNotFoundException"),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("sk-one"));
    assert_eq!(secret.value().await.unwrap().expose(), "sk-two");
}

#[tokio::test]
async fn bytes_and_blanks_are_no_text() {
    let binary = (200, format!(r#"{{"ARN":"{ID}","SecretBinary":"c2stb25l"}}"#));
    let (config, _sent) = server(vec![binary, value(" ")]);
    let secret = Secret::new(&config, ID);
    for _ in 0..2 {
        assert!(matches!(secret.value().await, Err(SecretError::NoText)));
    }
}

#[tokio::test]
async fn an_absent_service_is_an_error() {
    let (config, _) = server(vec![]);
    assert!(matches!(Secret::new(&config, ID).value().await, Err(SecretError::Unreachable(_))));
}

#[tokio::test]
async fn nobody_sees_the_value() {
    let (config, _sent) = server(vec![value("sk-one")]);
    let secret = Secret::new(&config, ID);
    let value = secret.value().await.unwrap();
    assert!(!format!("{secret:?} {value:?}").contains("sk-one"));
}
