//! Helpers of the tests: a configuration, a call, a server that answers once.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use aws_credential_types::Credentials;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use futures_util::StreamExt;
use ports::{Delta, Message as Turn, ModelCall, ModelError, ModelStream, Role, StopReason, ToolSet, Usage};
use serde_json::{Map, Value};

pub(crate) const MODEL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// The local configuration of a function: all services at one endpoint, Bedrock Runtime at its own.
pub(crate) fn config(bedrock_url: &str) -> SdkConfig {
    let settings = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "test"),
        // No server listens here: a call that ignores the service's own endpoint fails.
        endpoint_url: Some("http://127.0.0.1:9".to_owned()),
        service_endpoints: BTreeMap::from([("BEDROCK_RUNTIME".to_owned(), bedrock_url.to_owned())]),
        // Limits for fast services, which must not bound a call to a model.
        limits: CallLimits {
            attempt: Duration::from_millis(50),
            operation: Duration::from_millis(50),
            attempts: 3,
        },
        round_trips: None,
    };
    sdk_config(&settings).unwrap()
}

pub(crate) fn call() -> ModelCall {
    ModelCall {
        model: MODEL.to_owned(),
        system: "You score leads.".to_owned(),
        messages: vec![Turn::text(Role::User, "the secret prompt".to_owned())],
        tools: ToolSet::default(),
        reasoning: None,
        output_schema: None,
        max_output_tokens: 300,
        temperature: Some(0.5),
        top_p: None,
        stop: Vec::new(),
        cache_instructions: false,
        guardrail: None,
        time_left: Duration::from_secs(10),
        base_model: None,
    }
}

/// An error and all its sources, as in a log line.
pub(crate) fn everything_said(error: &ModelError) -> String {
    let mut said = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(source) = cause {
        said.push_str(&format!(" {source} {source:?}"));
        cause = source.source();
    }
    said
}

/// A server that answers every request with this body.
pub(crate) fn answers_with(content_type: &'static str, body: impl AsRef<[u8]> + Send + 'static) -> String {
    answers(200, &[("Content-Type", content_type)], body)
}

/// A server that answers every request with this status, head and body.
pub(crate) fn answers(status: u16, head: &[(&str, &str)], body: impl AsRef<[u8]> + Send + 'static) -> String {
    counted(status, head, body).0
}

/// The same, and the number of connections it accepted: one for each request, because it closes each.
pub(crate) fn counted(
    status: u16,
    head: &[(&str, &str)],
    body: impl AsRef<[u8]> + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let url = served(status, head, body, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (url, taken)
}

/// A server that answers every request with this JSON, and the bodies of the requests as they were sent.
pub(crate) fn recorded(body: &'static str) -> (String, Receiver<Vec<u8>>) {
    let (sender, requests) = channel();
    let head = [("Content-Type", "application/json")];
    let url = served(200, &head, body, move |request| sender.send(request).unwrap());
    (url, requests)
}

fn served(
    status: u16,
    head: &[(&str, &str)],
    body: impl AsRef<[u8]> + Send + 'static,
    on_request: impl Fn(Vec<u8>) + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            on_request(read_request(&connection));
            let body = body.as_ref();
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 {status} x\r\n{head}Connection: close\r\nContent-Length: {length}\r\n\r\n"
            )
            .unwrap();
            connection.write_all(body).unwrap();
        }
    });
    url
}

/// Reads head and body to their end: closing a connection with unread bytes would reset it, and the client might never
/// see the answer.
fn read_request(connection: &TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the request was cut");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

/// An event, or the exception that ends a stream.
pub(crate) fn frame(kind: &'static str, name: &str, payload: &Value) -> Vec<u8> {
    let type_header = if kind == "event" { ":event-type" } else { ":exception-type" };
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(Header::new(type_header, HeaderValue::String(name.to_owned().into())))
        .add_header(Header::new(":content-type", HeaderValue::String("application/json".into())))
        .add_header(Header::new(":message-type", HeaderValue::String(kind.into())));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

/// The frames of a recorded stream: one event a line, as `{":event-type": payload}`.
pub(crate) fn frames(recorded: &str) -> Vec<Vec<u8>> {
    let framed = |line: &str| {
        let event: Map<String, Value> = serde_json::from_str(line).unwrap();
        let (name, payload) = event.iter().next().unwrap();
        frame("event", name, payload)
    };
    recorded.lines().map(framed).collect()
}

/// The parts of a stream, and the error that ended it.
pub(crate) async fn parts(stream: ModelStream) -> Vec<Result<Delta, String>> {
    stream.map(|part| part.map_err(|error| error.to_string())).collect().await
}

/// The text of a stream before its end, and how it ended.
pub(crate) async fn read(
    mut stream: ModelStream,
) -> (Vec<String>, Result<(StopReason, Option<Usage>), ModelError>) {
    let mut said = Vec::new();
    let end = loop {
        match stream.next().await.expect("a stream ends with an end or an error") {
            Ok(Delta::Text(text)) => said.push(text),
            Ok(Delta::End { stop, usage }) => break Ok((stop, usage)),
            Ok(part) => panic!("{part:?}"),
            Err(error) => break Err(error),
        }
    };
    assert!(stream.next().await.is_none(), "nothing follows the end");
    (said, end)
}
