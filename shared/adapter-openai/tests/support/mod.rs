//! Helpers of the tests: a gateway, a call, a server with given answers that shows the requests it got.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use adapter_openai::{KeySource, OpenAiGateway, OpenAiSettings};
use futures_util::StreamExt;
use ports::{
    Delta, EmbeddingCall, InputType, Message, ModelCall, ModelError, ModelStream, Role, StopReason, ToolSet,
    Usage,
};

pub(crate) const KEY: &str = "sk-the-secret-key";

pub(crate) fn key() -> KeySource {
    Arc::new(|| Box::pin(async { Ok(KEY.to_owned()) }))
}

/// A gateway to the server at this address; its API is below `/v1`.
pub(crate) fn gateway(url: &str) -> OpenAiGateway {
    OpenAiGateway::new(settings(url)).unwrap()
}

pub(crate) fn settings(url: &str) -> OpenAiSettings {
    OpenAiSettings { base_url: format!("{url}/v1"), key: Some(key()), token_limit: None, input_types: None }
}

pub(crate) fn call() -> ModelCall {
    ModelCall {
        model: "gpt-4.1".to_owned(),
        system: "You score leads.".to_owned(),
        messages: vec![Message::text(Role::User, "the secret prompt".to_owned())],
        tools: ToolSet::default(),
        reasoning: None,
        output_schema: None,
        max_output_tokens: 300,
        temperature: Some(0.2),
        top_p: None,
        stop: Vec::new(),
        cache_instructions: false,
        guardrail: None,
        time_left: Duration::from_secs(10),
        base_model: None,
    }
}

pub(crate) fn embedding(texts: usize, dimensions: Option<u32>) -> EmbeddingCall {
    EmbeddingCall {
        model: "text-embedding-3-small".to_owned(),
        texts: (0..texts).map(|number| format!("secret text number {number}")).collect(),
        dimensions,
        input_type: InputType::Document,
        time_left: Duration::from_secs(10),
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

pub(crate) fn name(error: &ModelError) -> &'static str {
    match error {
        ModelError::Throttled { .. } => "Throttled",
        ModelError::Unavailable(_) | ModelError::Resting { .. } => "Unavailable",
        ModelError::Lost(_) => "Lost",
        ModelError::TimedOut => "TimedOut",
        ModelError::ProviderTimedOut => "ProviderTimedOut",
        ModelError::ContextLength => "ContextLength",
        ModelError::NoSuchModel => "NoSuchModel",
        ModelError::Refused(_) => "Refused",
        ModelError::MalformedAnswer(_) => "MalformedAnswer",
    }
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

/// A server for one connection: for each request on it, the next answer is sent as it is. Returns its address and a
/// channel with the text of each request.
pub(crate) fn server(answers: Vec<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = mpsc::channel();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        for answer in answers {
            let Some(request) = request(&mut connection) else { return };
            let _nobody_listens = sender.send(request);
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, sent)
}

/// Head and body of one request, by its content length.
fn request(connection: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut part = [0; 64 * 1024];
    loop {
        let read = connection.read(&mut part).ok().filter(|read| *read > 0)?;
        text.extend_from_slice(&part[..read]);
        let seen = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = seen.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")
                    .map(|length| length.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or_default() {
                return Some(seen);
            }
        }
    }
}

/// An answer as bytes of HTTP.
pub(crate) fn answer(status: u16, head: &[(&str, &str)], body: &str) -> String {
    let head: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} x\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn json(body: &str) -> String {
    answer(200, &[("Content-Type", "application/json")], body)
}

pub(crate) fn events(body: &str) -> String {
    answer(200, &[("Content-Type", "text/event-stream"), ("x-request-id", "req_123")], body)
}
