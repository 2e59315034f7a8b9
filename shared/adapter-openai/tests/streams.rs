//! Streamed answers: their pieces, counts and ends.

use crate::support::{self, call, events, everything_said, gateway, read, server};
use crate::wire::stub;
use futures_util::StreamExt;
use model_stub::Step;
use ports::{Delta, ModelCall, ModelError, ModelGateway, StopReason, StreamingModelGateway, Usage};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[tokio::test]
async fn text_arrives_before_the_answer_is_whole() {
    let (stub, gateway) = stub(vec![Step::text("one two three").with_chunks(3, 120)]).await;
    let started = Instant::now();
    let mut stream = gateway.converse_stream(&call()).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    let first_after = started.elapsed();
    let (said, end) = read(stream).await;
    assert_eq!(first, Delta::Text("one t".to_owned()));
    assert_eq!(said, ["wo th", "ree"]);
    assert_eq!(end.unwrap().0, StopReason::EndTurn);
    assert!(started.elapsed() - first_after >= Duration::from_millis(500), "the first text was held back");
    let body = &stub.calls()[0].body;
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({"include_usage": true})));
}

#[tokio::test]
async fn every_token_is_counted_once() {
    let usage = model_stub::Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_input_tokens: 900,
        cache_write_input_tokens: 0,
    };
    let expected = Usage { input_tokens: 100, output_tokens: 20, cache_read_tokens: 900, ..Usage::default() };
    let step = || Step::text("cut").with_usage(usage).with_stop_reason("max_tokens");
    let (_stub, gateway) = stub(vec![step(), step()]).await;
    let answer = gateway.converse(&call()).await.unwrap();
    assert_eq!((answer.stop, answer.usage), (StopReason::MaxTokens, Some(expected)));
    let (_, end) = read(gateway.converse_stream(&call()).await.unwrap()).await;
    assert_eq!(end.unwrap(), (StopReason::MaxTokens, Some(expected)));
}

#[tokio::test]
async fn a_cut_answer_is_a_failure() {
    let cut = |bytes| Step::text("a".repeat(200)).with_cut_after_bytes(bytes);
    let (stub, gateway) = stub(vec![cut(100), cut(0), cut(700)]).await;
    for _ in 0..2 {
        let error = gateway.converse(&call()).await.unwrap_err();
        assert!(matches!(error, ModelError::Lost(_)), "{error:?}");
    }
    let (said, end) = read(gateway.converse_stream(&call()).await.unwrap()).await;
    assert!(!said.is_empty());
    assert!(matches!(end, Err(ModelError::Lost(_))), "{end:?}");
    assert_eq!(stub.calls().len(), 3, "the application decides about retries");

    // The body ends well, but in the middle of the answer.
    let whole = include_str!("fixtures/stream-text.sse");
    let (before, _) = whole.split_once("data: {\"id\":\"chatcmpl-CVFjOTBIgA3kuQLnIXXxtg7Ge7hbs\",\"object\":\"chat.completion.chunk\",\"created\":1761564674,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_560af6e559\",\"choices\":[{\"index\":0,\"delta\":{},").unwrap();
    let (url, _) = server(vec![events(before)]);
    let (said, end) = read(support::gateway(&url).converse_stream(&call()).await.unwrap()).await;
    assert_eq!(said.len(), 2);
    assert!(matches!(end, Err(ModelError::Lost(_))));
}

#[tokio::test]
async fn a_whole_answer_needs_no_farewell() {
    // The body has neither `[DONE]` nor an end.
    let whole = include_str!("fixtures/stream-text.sse");
    let (url, _) = server(vec![events(whole.strip_suffix("data: [DONE]\n\n").unwrap())]);
    read(gateway(&url).converse_stream(&call()).await.unwrap()).await.1.unwrap();
    let open = format!("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{whole}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        assert!(connection.read(&mut [0; 64 * 1024]).unwrap() > 0);
        connection.write_all(open.as_bytes()).unwrap();
        thread::sleep(Duration::from_secs(5));
    });
    let started = Instant::now();
    read(gateway(&url).converse_stream(&call()).await.unwrap()).await.1.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_error_in_a_stream_ends_it() {
    let first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some\"}}]}\n\n";
    for (event, means) in [
        (
            json!({"error": {"message": "the secret prompt", "type": "server_error", "code": null}}),
            "Unavailable",
        ),
        (json!({"error": {"message": "the secret prompt", "code": "rate_limit_exceeded"}}), "Throttled"),
        (
            json!({"error": {"message": "the secret prompt", "type": "BadRequestError", "code": 400}}),
            "Refused",
        ),
        // Older vLLM.
        (
            json!({"object": "error", "message": "the secret prompt", "type": "BadRequestError", "code": 400}),
            "Refused",
        ),
        (json!("the secret prompt"), "Lost"),
    ] {
        let (url, _) = server(vec![events(&format!("{first}data: {event}\n\n"))]);
        let (said, end) = read(gateway(&url).converse_stream(&call()).await.unwrap()).await;
        assert_eq!(said, ["some"]);
        let error = end.unwrap_err();
        assert_eq!(support::name(&error), means, "{error:?}");
        assert!(!everything_said(&error).contains("secret"));
    }
}

#[tokio::test]
async fn time_left_covers_everything() {
    let short = ModelCall { time_left: Duration::from_millis(250), ..call() };
    let late = || Step::text("late").with_delay_ms(5_000);
    let (_stub, gateway) = stub(vec![late(), late(), Step::text("one two three").with_chunks(3, 100)]).await;
    let started = Instant::now();
    assert!(matches!(gateway.converse(&short).await, Err(ModelError::TimedOut)));
    assert!(matches!(gateway.converse_stream(&short).await.map(|_| ()), Err(ModelError::TimedOut)));
    let (said, end) = read(gateway.converse_stream(&short).await.unwrap()).await;
    assert!(!said.is_empty());
    assert!(matches!(end, Err(ModelError::TimedOut)), "{end:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn dropping_the_stream_ends_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (closed, was_closed) = mpsc::channel();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 64 * 1024];
        assert!(connection.read(&mut request).unwrap() > 0);
        let first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some\"}}]}\n\n";
        write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{first}").unwrap();
        while connection.read(&mut request).is_ok_and(|read| read > 0) {}
        closed.send(()).unwrap();
    });
    let mut stream = gateway(&url).converse_stream(&call()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(Delta::Text(_)))));
    drop(stream);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if was_closed.try_recv().is_ok() {
            return;
        }
    }
    panic!("the connection is still open");
}
