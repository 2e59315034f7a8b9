//! A function that answers in pieces, as a process against a Runtime API of the project's own: when pieces arrive, and
//! what happens to the next request while the work of the one before is unfinished.

use crate::runtime_api::{CHILD, logged, start, stop};
use crate::support::get;
use edge::streaming::{Reply, StreamedResponse, StreamingHandler};
use edge::{Build, Problem, Request, Response};
use futures_util::{StreamExt as _, stream};
use ports::BoxFuture;
use runtime_api::{Answer, RuntimeApi};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// Streams as many chunks as the request asks for, the second one only after a line on standard input, and takes a
/// while for its last step. Without a number in the request it answers whether that step was taken.
struct Gated(Arc<AtomicBool>);

impl StreamingHandler for Gated {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
        Box::pin(async move {
            let Some(count) = request.header("X-Chunks").and_then(|count| count.parse::<usize>().ok()) else {
                let settled = self.0.load(Ordering::SeqCst);
                return Ok(Response::json(200, &json!({"settled": settled}))?.into());
            };
            let settled = Arc::clone(&self.0);
            let chunks = stream::iter(0..count).then(|number| async move {
                if number == 1 {
                    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()))
                        .await
                        .unwrap()
                        .unwrap();
                }
                Ok(format!("data: {number}\n\n").into_bytes())
            });
            let last = stream::once(async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                settled.store(true, Ordering::SeqCst);
                Ok(Vec::new())
            });
            Ok(StreamedResponse::new(200, "text/event-stream", chunks.chain(last)).into())
        })
    }
}

/// The function itself; in the test process it does nothing.
#[test]
fn streaming_child() {
    if std::env::var_os(CHILD).is_some() {
        let build: Build<dyn StreamingHandler> =
            |_| Box::pin(async { Ok(Box::new(Gated(Arc::default())) as Box<dyn StreamingHandler>) });
        let _code = edge::streaming::run("gated", build);
        std::process::exit(3);
    }
}

fn stream_of(chunks: usize) -> Value {
    crate::support::with_header(get(&[]), "X-Chunks", &chunks.to_string())
}

fn function(api: &RuntimeApi) -> Child {
    start("streaming_process::streaming_child", api, None)
}

fn open_the_gate(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
}

fn lines(child: Child) -> Vec<Value> {
    logged(&String::from_utf8(stop(child).stdout).unwrap())
}

#[test]
fn the_first_byte_does_not_wait_for_the_rest_however_long_it_is() {
    for count in [10, 10_000] {
        let api = RuntimeApi::with_events([stream_of(count)]).unwrap();
        let mut child = function(&api);
        let first = api.piece(PATIENCE).expect("the first chunk, while the second one can't have been made");
        assert_eq!(first.bytes, b"data: 0\n\n");
        assert!(api.piece(Duration::from_millis(50)).is_none(), "the gate is closed");
        open_the_gate(&mut child);
        let answer = api.answer(PATIENCE).expect("an answer");
        let streamed = answer.streamed.as_ref().expect("a streamed answer");
        assert_eq!((&streamed.prelude["statusCode"], streamed.pieces), (&json!(200), count));
        assert_eq!(streamed.prelude["headers"]["content-type"], "text/event-stream");
        let expected: String = (0..count).map(|number| format!("data: {number}\n\n")).collect();
        assert!(answer.body == expected, "{count} chunks in their order");
        let mut last = first.at;
        for number in 1..count {
            let piece = api.piece(PATIENCE).unwrap();
            assert!(piece.at >= last && piece.bytes == format!("data: {number}\n\n").as_bytes());
            last = piece.at;
        }
        // It asks for the next event when it is done.
        assert_eq!(api.all_answers(PATIENCE, || true), Some(Vec::new()));
        let lines = lines(child);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((&lines[0]["bytes"], &lines[0]["cut_short"]), (&json!(expected.len()), &json!(false)));
        assert!(lines[0]["duration_ms"].as_f64().unwrap() >= 300.0);
    }
}

fn settled(answer: &Answer) -> Value {
    assert_eq!(answer.streamed.as_ref().unwrap().prelude["statusCode"], 200);
    answer.json()["settled"].clone()
}

#[test]
fn the_work_of_a_broken_answer_is_finished_before_the_next_request() {
    let api = RuntimeApi::with_events([stream_of(20), get(&[])]).unwrap();
    api.hang_up_after(1);
    let mut child = function(&api);
    assert!(api.piece(PATIENCE).is_some());
    open_the_gate(&mut child);
    let answer = api.answer(PATIENCE).expect("an answer to the second request");
    assert!(answer.path.ends_with("/request-1/response"), "{answer:?}");
    assert_eq!(settled(&answer), true);
    let lines = lines(child);
    let of = |name: &str| {
        let summaries = lines.iter().filter(|line| line["message"] == "invocation");
        summaries.map(|line| line[name].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("request_id"), ["request-0", "request-1"]);
    assert_eq!(of("cold_start"), [true, false], "the process lives on");
    assert_eq!(of("cut_by"), [json!("client"), Value::Null]);
    assert_eq!(of("Errors"), [0, 0]);
}

#[test]
fn an_answer_that_came_through_is_finished_too() {
    let api = RuntimeApi::with_events([stream_of(1), get(&[])]).unwrap();
    let child = function(&api);
    let first = api.answer(PATIENCE).expect("an answer");
    assert_eq!(first.body, "data: 0\n\n");
    assert_eq!(settled(&api.answer(PATIENCE).expect("another")), true);
    stop(child);
}

#[test]
fn what_is_known_as_a_whole_is_streamed_as_well() {
    let mut damaged = get(&[]);
    damaged["body"] = json!("%");
    damaged["isBase64Encoded"] = json!(true);
    let api = RuntimeApi::with_events([damaged, json!({"no": "request"})]).unwrap();
    let child = function(&api);
    for status in [400, 500] {
        let answer = api.answer(PATIENCE).expect("an answer");
        let prelude = &answer.streamed.as_ref().expect("a streamed answer").prelude;
        assert_eq!((&prelude["statusCode"], &answer.json()["status"]), (&json!(status), &json!(status)));
        assert_eq!(prelude["headers"]["content-type"], "application/problem+json");
    }
    stop(child);
}
