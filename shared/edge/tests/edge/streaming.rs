//! Answers in pieces: the pieces that the client gets and their times, the log line, and the end of the work behind the
//! answer.

use crate::support::{ACCOUNT, ORGANIZATION, REQUEST_ID, get, now};
use edge::streaming::{self, Chunks, Reply, StreamedResponse, StreamingHandler};
use edge::{Invocation, Problem, Request, Response, log};
use futures_util::{StreamExt as _, stream};
use ports::{BoxFuture, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Streams, or answers, what a closure returns.
struct Streams<F>(F);

impl<F> StreamingHandler for Streams<F>
where
    F: Fn(&Request) -> Result<Reply, Problem> + Send + Sync,
{
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
        Box::pin(async move { (self.0)(request) })
    }
}

type Item = Result<Vec<u8>, Problem>;

fn streamed(body: impl futures_util::Stream<Item = Item> + Send + 'static) -> Reply {
    StreamedResponse::new(200, "text/event-stream", body).into()
}

fn texts<const N: usize>(texts: [&'static str; N]) -> impl futures_util::Stream<Item = Item> + Send {
    stream::iter(texts.map(|text| Ok(text.as_bytes().to_vec())))
}

fn failure() -> Problem {
    StoreError::Unavailable("refused for ada@northwind.example".into()).into()
}

/// Lets the body do work that sends nothing.
fn finally(done: &Arc<AtomicBool>) -> impl futures_util::Stream<Item = Item> + Send + 'static {
    let done = Arc::clone(done);
    stream::once(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        done.store(true, Ordering::SeqCst);
        Ok(Vec::new())
    })
}

async fn start<F>(handler: F) -> (Value, Chunks)
where
    F: Fn(&Request) -> Result<Reply, Problem> + Send + Sync,
{
    streaming::invoke(&Streams(handler), get(&[]), now()).await
}

async fn all(chunks: Chunks) -> String {
    String::from_utf8(chunks.collect::<Vec<_>>().await.concat()).unwrap()
}

fn one_line(lines: &[String]) -> Value {
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(&lines[0]).unwrap()
}

#[tokio::test]
async fn carries_the_protecting_headers_everywhere() {
    for (status, (prelude, chunks)) in [
        (200, start(|_| Ok(streamed(texts(["a"])))).await),
        (204, start(|_| Ok(Response::no_content().into())).await),
        (404, start(|_| Err(Problem::not_found())).await),
        (503, start(|_| Ok(streamed(stream::iter([Err(failure())])))).await),
        (500, start(|_| panic!("defect")).await),
        (500, start(|_| Ok(Response::no_content().with_header("Location", "a\nb").into())).await),
    ] {
        assert_eq!(prelude["statusCode"], status);
        let headers = &prelude["headers"];
        for name in ["x-correlation-id", "x-request-id", "request-id"] {
            assert_eq!(headers[name], REQUEST_ID, "{name}: {prelude}");
        }
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["strict-transport-security"], "max-age=63072000; includeSubDomains");
        let body = all(chunks).await;
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/problem+json");
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (&problem["status"], &problem["correlation_id"]),
                (&json!(status), &json!(REQUEST_ID))
            );
            assert!(!body.contains("refused"), "{body}");
        }
    }
}

#[tokio::test]
async fn sends_the_headers_that_a_handler_asks_for() {
    let (prelude, chunks) = start(|_| {
        Ok(StreamedResponse::new(201, "text/event-stream", texts(["a", "", "b"]))
            .with_header("X-Sextant-Model", "m")
            .with_header("cache-control", "private")
            .into())
    })
    .await;
    assert_eq!(prelude["statusCode"], 201);
    let headers = &prelude["headers"];
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!((&headers["x-sextant-model"], &headers["cache-control"]), (&json!("m"), &json!("private")));
    // An empty item sends nothing.
    assert_eq!(chunks.collect::<Vec<_>>().await, [b"a", b"b"]);
}

#[tokio::test]
async fn sends_a_chunk_before_the_next_one_is_made() {
    let (next, made) = mpsc::unbounded_channel::<&'static str>();
    let made = std::sync::Mutex::new(Some(made));
    let handler = |_: &Request| {
        let made = made.lock().unwrap().take().unwrap();
        let body = stream::unfold(made, |mut made| async {
            Some((Ok(made.recv().await?.as_bytes().to_vec()), made))
        });
        Ok(streamed(body))
    };
    next.send("one").unwrap();
    let (prelude, mut chunks) = start(handler).await;
    assert_eq!(prelude["statusCode"], 200);
    for following in ["two", "three"] {
        assert!(chunks.next().await.is_some());
        next.send(following).unwrap();
    }
    assert_eq!(chunks.next().await.unwrap(), b"three");
    drop(next);
    assert!(chunks.next().await.is_none());
}

#[tokio::test]
async fn sums_up_when_the_stream_has_ended() {
    let (_, lines) = log::capture(async {
        let (_, mut chunks) = start(|_| Ok(streamed(texts(["one", "two", "three", "four"])))).await;
        chunks.next().await
    })
    .await;
    assert!(lines.is_empty(), "{lines:?}");

    let (_, lines) = log::capture(async {
        let (_, chunks) = start(|_| Ok(streamed(texts(["one", "two"])))).await;
        all(chunks).await
    })
    .await;
    let line = one_line(&lines);
    for (name, value) in [
        ("level", json!("INFO")),
        ("correlation_id", json!(REQUEST_ID)),
        ("tenant", json!(ORGANIZATION)),
        ("account", json!(ACCOUNT)),
        ("method", json!("GET")),
        ("route", json!("/v1/leads/{id}/score")),
        ("status", json!(200)),
        ("StatusClass", json!("2xx")),
        ("Errors", json!(0)),
        ("bytes", json!(6)),
        ("cut_short", json!(false)),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(line["first_byte_ms"].as_f64().unwrap() <= line["duration_ms"].as_f64().unwrap());
    assert!(line["_aws"]["CloudWatchMetrics"].is_array());
    assert!(line.get("cut_by").is_none() && line.get("error").is_none());
}

#[tokio::test]
async fn answers_a_failure_before_the_first_byte_and_settles_it() {
    let settled = Arc::new(AtomicBool::new(false));
    let (_, lines) = log::capture(async {
        let (prelude, chunks) =
            start(|_| Ok(streamed(stream::iter([Ok(Vec::new()), Err(failure())]).chain(finally(&settled)))))
                .await;
        assert_eq!(prelude["statusCode"], 503);
        assert_eq!(prelude["headers"]["retry-after"], "1");
        all(chunks).await
    })
    .await;
    let line = one_line(&lines);
    assert_eq!(
        (&line["status"], &line["code"], &line["cut_short"]),
        (&json!(503), &json!("unavailable"), &json!(false))
    );
    assert_eq!(line["error"], "the store is unavailable: refused for [masked]");
    assert!(settled.load(Ordering::SeqCst));
}

#[tokio::test]
async fn breaks_off_at_a_later_failure_logs_it_and_settles() {
    let settled = Arc::new(AtomicBool::new(false));
    let (body, lines) = log::capture(async {
        let (prelude, chunks) = start(|_| {
            let fails = texts(["one", "sorry"]).chain(stream::iter([Err(failure())])).chain(texts(["never"]));
            Ok(streamed(fails.chain(finally(&settled))))
        })
        .await;
        assert_eq!(prelude["statusCode"], 200);
        all(chunks).await
    })
    .await;
    assert_eq!(body, "onesorry");
    let line = one_line(&lines);
    for (name, value) in [
        ("level", json!("ERROR")),
        ("status", json!(200)),
        ("StatusClass", json!("cut")),
        ("Errors", json!(1)),
        ("code", json!("unavailable")),
        ("error", json!("the store is unavailable: refused for [masked]")),
        ("bytes", json!(8)),
        ("cut_short", json!(true)),
        ("cut_by", json!("failure")),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(settled.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_that_stream_only() {
    let panics = || stream::once(async { panic!("ada@northwind.example panicked here") });
    let (body, lines) = log::capture(async {
        let (_, chunks) = start(|_| Ok(streamed(texts(["one"]).chain(panics())))).await;
        all(chunks).await
    })
    .await;
    assert_eq!(body, "one");
    let line = one_line(&lines);
    assert_eq!((&line["code"], &line["cut_by"]), (&json!("internal_error"), &json!("failure")));
    assert!(line["error"].as_str().unwrap().contains("tests/edge/streaming.rs:"), "{line}");
    assert!(!lines[0].contains("panicked here"));
}

#[tokio::test]
async fn the_deadline_bounds_the_stream_too() {
    let handler = Streams(|_: &Request| Ok(streamed(texts(["one"]).chain(stream::pending()))));
    let invocation = Invocation::in_process(now()).with_time(Duration::from_millis(30));
    let (body, lines) = log::capture(async {
        let (prelude, chunks) = streaming::invoke_as(&handler, get(&[]), &invocation).await;
        assert_eq!(prelude["statusCode"], 200);
        tokio::time::timeout(Duration::from_secs(5), all(chunks)).await.unwrap()
    })
    .await;
    assert_eq!(body, "one");
    let line = one_line(&lines);
    assert_eq!((&line["code"], &line["cut_by"]), (&json!("deadline_exceeded"), &json!("failure")));

    let silent = Streams(|_: &Request| Ok(streamed(stream::pending())));
    let invocation = Invocation::in_process(now()).with_time(Duration::from_millis(30));
    let answered = streaming::invoke_as(&silent, get(&[]), &invocation);
    let (prelude, _) = tokio::time::timeout(Duration::from_secs(5), answered).await.unwrap();
    assert_eq!(prelude["statusCode"], 503);
}

/// A body that never waits, counts its items, and settles at its end.
fn eager(made: &Arc<AtomicUsize>, settled: &Arc<AtomicBool>) -> Reply {
    let made = Arc::clone(made);
    let chunks = stream::iter(0..100).map(move |_| {
        made.fetch_add(1, Ordering::SeqCst);
        Ok(b"x".to_vec())
    });
    streamed(chunks.chain(finally(settled)))
}

#[tokio::test]
async fn makes_a_body_to_its_end_when_the_client_has_left() {
    let (made, settled) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (_, lines) = log::capture(async {
        let (_, mut chunks) = start(|_| Ok(eager(&made, &settled))).await;
        assert!(chunks.next().await.is_some());
        let ahead = made.load(Ordering::SeqCst);
        assert!(ahead < 10, "a slow client holds the body back: {ahead}");
        chunks.leave().await;
    })
    .await;
    assert_eq!(made.load(Ordering::SeqCst), 100);
    assert!(settled.load(Ordering::SeqCst));
    let line = one_line(&lines);
    let said = [&line["cut_short"], &line["cut_by"], &line["Errors"], &line["StatusClass"]];
    assert_eq!(said, [&json!(true), &json!("client"), &json!(0), &json!("2xx")]);
}

#[tokio::test]
async fn a_client_that_takes_nothing_does_not_cost_the_last_work() {
    let (made, settled) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let handler = Streams(|_: &Request| Ok(eager(&made, &settled)));
    let invocation = Invocation::in_process(now()).with_time(Duration::from_millis(800));
    let (_, lines) = log::capture(async {
        let (_, mut chunks) = streaming::invoke_as(&handler, get(&[]), &invocation).await;
        assert!(chunks.next().await.is_some());
        chunks.stall().await;
    })
    .await;
    assert_eq!(made.load(Ordering::SeqCst), 100);
    assert!(settled.load(Ordering::SeqCst), "{lines:?}");
    assert_eq!(one_line(&lines)["cut_by"], "client");
}
