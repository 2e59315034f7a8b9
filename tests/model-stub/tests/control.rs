//! The control routes over HTTP and the program itself: what a test of a deployed system uses.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::{client, user};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

async fn request(base: &str, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let authority = base.strip_prefix("http://").unwrap();
    let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", authority)
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// The program, stopped with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        self.0.wait().unwrap();
    }
}

fn program(arguments: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_model-stub"));
    command
        .args(arguments)
        .env_remove("MODEL_URL")
        .env_remove("MODEL_NAME")
        .env_remove("EMBEDDING_MODEL_NAME");
    Program(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[tokio::test]
async fn the_program_prints_its_url_and_is_scripted_over_http() {
    let mut program = program(&["--port", "0"]);
    let url = BufReader::new(program.0.stdout.take().unwrap()).lines().next().unwrap().unwrap();

    let steps = json!([
        {"status": 429, "retry_after": 1, "model": "m"},
        {"delay_ms": 1, "tool_input": {"a": 1}, "usage": {"inputTokens": 3, "outputTokens": 4}},
        {"text": "hello"},
    ]);
    let (status, answer) = request(&url, "POST", "/_script", &steps.to_string()).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({"steps_left": 3})));

    let error = client(&url).converse().model_id("m").messages(user("hi")).send().await.unwrap_err();
    assert!(error.into_service_error().is_throttling_exception());

    let (_, calls) = request(&url, "GET", "/_calls", "").await;
    assert_eq!(calls[0]["model_id"], "m");
    assert_eq!(calls[0]["body"]["messages"][0]["role"], "user");

    // Clearing the calls removes the steps as well.
    request(&url, "DELETE", "/_calls", "").await;
    assert_eq!(request(&url, "GET", "/_calls", "").await.1, json!([]));
    let error = client(&url).converse().model_id("m").messages(user("hi")).send().await.unwrap_err();
    assert!(error.into_service_error().is_service_unavailable_exception());

    let (status, answer) = request(&url, "POST", "/_script", r#"[{"txet": "typo"}]"#).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["message"].as_str().unwrap().contains("txet"));
    assert_eq!(request(&url, "GET", "/elsewhere", "").await.0, StatusCode::NOT_FOUND);
}

#[test]
fn an_https_model_is_refused_at_start() {
    let mut program = program(&["--forward", "https://models.example/v1"]);
    assert!(!program.0.wait().unwrap().success());
    let text = std::io::read_to_string(program.0.stderr.take().unwrap()).unwrap();
    assert!(text.contains("plain http"), "{text}");
}
