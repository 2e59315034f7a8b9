//! The Runtime API as a function sees it, byte by byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use runtime_api::{Answer, RuntimeApi};
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";

struct Function(BufReader<TcpStream>);

impl Function {
    fn of(api: &RuntimeApi) -> Self {
        Self(BufReader::new(TcpStream::connect(api.address()).unwrap()))
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The head of the answer as one text, and its body.
    fn receive(&mut self) -> (String, String) {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            head += &line;
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    fn post(&mut self, request: &str, body: &str) -> String {
        let path = format!("/2018-06-01/runtime/invocation/{request}");
        self.send(&format!("POST {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        self.receive().0
    }
}

#[test]
fn events_are_handed_out_one_by_one_and_answers_come_back() {
    let api = RuntimeApi::with_events([json!({"n": 1}), json!({"n": 2})]).unwrap();
    let mut function = Function::of(&api);
    for (number, event) in ["{\"n\":1}", "{\"n\":2}"].iter().enumerate() {
        function.send(NEXT);
        let (head, body) = function.receive();
        assert_eq!(body, *event);
        assert!(head.contains(&format!("Lambda-Runtime-Aws-Request-Id: request-{number}\r\n")), "{head}");
        assert!(head.contains("Lambda-Runtime-Deadline-Ms: "), "{head}");
        let head = function.post(&format!("request-{number}/response"), "\"done\"");
        assert!(head.starts_with("HTTP/1.1 202 "), "{head}");
    }
    function.send(NEXT);
    let answers = api.all_answers(PATIENCE, || true).unwrap();
    let paths: Vec<&str> = answers.iter().map(|answer| answer.path.as_str()).collect();
    assert!(paths[0].ends_with("request-0/response") && paths[1].ends_with("request-1/response"));
    assert!(answers.iter().all(|answer| answer.is_response() && answer.json() == "done"));
}

#[test]
fn the_source_sees_the_answer_to_the_event_before() {
    let mut left = 2;
    let api = RuntimeApi::start(Box::new(move |last: Option<&Answer>| {
        left -= 1;
        (left >= 0).then(|| json!({"before": last.map(Answer::json)}))
    }))
    .unwrap();
    let mut function = Function::of(&api);
    function.send(NEXT);
    assert_eq!(function.receive().1, r#"{"before":null}"#);
    function.post("request-0/response", r#"{"token":"a"}"#);
    function.send(NEXT);
    assert_eq!(function.receive().1, r#"{"before":{"token":"a"}}"#);
}

#[test]
fn a_body_in_chunks_is_put_together() {
    let api = RuntimeApi::with_events([json!(1)]).unwrap();
    let mut function = Function::of(&api);
    function.send(NEXT);
    function.receive();
    function.send(
        "POST /2018-06-01/runtime/invocation/request-0/error HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
    );
    function.receive();
    let answer = api.answer(PATIENCE).unwrap();
    assert_eq!(answer.body, "abc0123456789");
    assert!(!answer.is_response());
}

const STREAMING: &str = "POST /2018-06-01/runtime/invocation/request-0/response HTTP/1.1\r\n\
     Transfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\
     Content-Type: application/vnd.awslambda.http-integration-response\r\n\
     Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n";

fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

/// A function that has got its first event and begins a streamed answer.
fn streaming(api: &RuntimeApi, head: &str) -> Function {
    let mut function = Function::of(api);
    function.send(NEXT);
    function.receive();
    function.send(head);
    function
}

#[test]
fn a_streamed_answer_is_told_piece_by_piece() {
    let api = RuntimeApi::with_events([json!(1)]).unwrap();
    let mut function = streaming(&api, STREAMING);
    // The end of a chunk need not be the end of the prelude.
    function.send(&chunk("{\"statusCode\":201,"));
    function.send(&chunk("\"headers\":{\"a\":\"b\"}}\0\0\0"));
    function.send(&chunk("\0\0\0\0\0one"));
    let first = api.piece(PATIENCE).unwrap();
    assert_eq!((first.request, first.bytes.as_slice()), (0, b"one".as_slice()));
    assert!(api.answer(Duration::from_millis(50)).is_none(), "it has not ended");
    function.send(&chunk("\0two"));
    function.send("0\r\nLambda-Runtime-Function-Error-Type: x\r\n\r\n");
    assert!(function.receive().0.starts_with("HTTP/1.1 202 "));
    let second = api.piece(PATIENCE).unwrap();
    assert!(second.at >= first.at && second.bytes == b"\0two");
    let answer = api.answer(PATIENCE).unwrap();
    assert_eq!(answer.body, "one\0two");
    let streamed = answer.streamed.unwrap();
    assert_eq!(streamed.prelude, json!({"statusCode": 201, "headers": {"a": "b"}}));
    assert_eq!(streamed.pieces, 2);
}

#[test]
fn a_streamed_answer_that_the_gateway_could_not_read_is_refused() {
    for (head, body) in [
        (STREAMING.to_owned(), "{}\0\0\0\0\0\0\0\0body"),
        (STREAMING.to_owned(), "{\"statusCode\":200}body"),
        (STREAMING.to_owned(), "nothing\0\0\0\0\0\0\0\0body"),
        (
            STREAMING.replace("vnd.awslambda.http-integration-response", "json"),
            "{\"statusCode\":200}\0\0\0\0\0\0\0\0",
        ),
        (STREAMING.replace("/response HTTP", "/error HTTP"), "{\"statusCode\":200}\0\0\0\0\0\0\0\0"),
    ] {
        let api = RuntimeApi::with_events([json!(1)]).unwrap();
        let mut function = streaming(&api, &head);
        function.send(&format!("{}0\r\n\r\n", chunk(body)));
        assert!(function.receive().0.starts_with("HTTP/1.1 400 "), "{body}");
    }
}

#[test]
fn a_connection_can_break_in_the_middle_of_a_streamed_answer() {
    let api = RuntimeApi::with_events([json!(1), json!(2)]).unwrap();
    api.hang_up_after(2);
    let mut function = streaming(&api, STREAMING);
    function.send(&chunk("{\"statusCode\":200}\0\0\0\0\0\0\0\0"));
    function.send(&chunk("one"));
    assert!(api.piece(PATIENCE).is_some());
    function.send(&chunk("two"));
    assert!(api.piece(PATIENCE).is_some());
    assert_eq!(function.0.read(&mut [0]).unwrap_or(0), 0, "closed");
    assert!(api.answer(Duration::from_millis(50)).is_none());
    let mut again = Function::of(&api);
    again.send(NEXT);
    assert_eq!(again.receive().1, "2");
}

#[test]
fn what_lambda_would_refuse_is_refused() {
    let api = RuntimeApi::with_events([json!(1)]).unwrap();
    let mut function = Function::of(&api);
    function.send(NEXT);
    function.receive();
    assert!(function.post("request-7/response", "1").starts_with("HTTP/1.1 400 "));
    function.send("GET /2018-06-01/other HTTP/1.1\r\n\r\n");
    assert!(function.receive().0.starts_with("HTTP/1.1 404 "));
    assert!(api.answer(Duration::from_millis(100)).is_none());
}

#[test]
fn a_function_that_ended_is_not_waited_for() {
    let api = RuntimeApi::with_events([json!(1)]).unwrap();
    let began = Instant::now();
    assert!(api.all_answers(Duration::from_secs(60), || false).is_none());
    assert!(began.elapsed() < PATIENCE);
}
