//! The end of a body that fails: HTTP ends it like a whole one, so the client reads in the body that it is not.

use crate::support::{get, now};
use edge::streaming::{self, Chunks, Reply, StreamedResponse, StreamingHandler};
use edge::{Invocation, Problem, Request, log};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use ports::{BoxFuture, StoreError};
use serde_json::{Value, json};
use std::time::Duration;

type Item = Result<Vec<u8>, Problem>;

/// Sends `one`, then does this, and ends with `failed` if that fails.
struct Fails(fn() -> BoxStream<'static, Item>);

impl StreamingHandler for Fails {
    fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
        let body = stream::iter([Ok(b"one".to_vec())]).chain((self.0)());
        let response = StreamedResponse::new(200, "text/event-stream", body);
        async { Ok(response.with_failure_end(b"failed".to_vec()).into()) }.boxed()
    }
}

async fn chunks(then: fn() -> BoxStream<'static, Item>) -> Chunks {
    let invocation = Invocation::in_process(now()).with_time(Duration::from_millis(60));
    streaming::invoke_as(&Fails(then), get(&[]), &invocation).await.1
}

/// Makes the pieces of a body.
type Pieces = fn() -> BoxStream<'static, Item>;

/// The body, and its line in the log.
async fn body(then: Pieces) -> (String, Value) {
    let (body, lines) = log::capture(async { chunks(then).await.collect::<Vec<_>>().await.concat() }).await;
    (String::from_utf8(body).unwrap(), serde_json::from_str(&lines[0]).unwrap())
}

#[tokio::test]
async fn a_body_that_fails_ends_with_its_failure_end() {
    let cases: [(&str, Pieces); 3] = [
        ("unavailable", || {
            let failure = StoreError::Unavailable("refused".into()).into();
            stream::iter([Err(failure), Ok(b"never".to_vec())]).boxed()
        }),
        ("internal_error", || stream::once(async { panic!("a fault") }).boxed()),
        ("deadline_exceeded", || stream::pending().boxed()),
    ];
    for (code, then) in cases {
        let (body, line) = body(then).await;
        assert_eq!(body, "onefailed", "{code}");
        assert_eq!(
            (&line["code"], &line["cut_by"], &line["bytes"]),
            (&json!(code), &json!("failure"), &json!(9))
        );
    }
}

#[tokio::test]
async fn a_whole_body_has_none() {
    assert_eq!(body(|| stream::iter([Ok(b"two".to_vec())]).boxed()).await.0, "onetwo");
}

/// A failure before the first byte is an ordinary problem.
#[tokio::test]
async fn a_body_that_fails_before_it_begins_has_none() {
    struct Never;
    impl StreamingHandler for Never {
        fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
            let failure = StoreError::Unavailable("refused".into()).into();
            let response = StreamedResponse::new(200, "text/event-stream", stream::iter([Err(failure)]));
            async { Ok(response.with_failure_end(b"failed".to_vec()).into()) }.boxed()
        }
    }
    let (prelude, chunks) = streaming::invoke(&Never, get(&[]), now()).await;
    let body = String::from_utf8(chunks.collect::<Vec<_>>().await.concat()).unwrap();
    assert_eq!(prelude["statusCode"], 503);
    assert!(!body.contains("failed"), "{body}");
}

/// A client that takes nothing must not keep the function until its deadline.
#[tokio::test]
async fn a_client_that_takes_nothing_gets_none() {
    let then = || stream::iter([Ok(b"two".to_vec()), Ok(b"three".to_vec())]).chain(stream::pending()).boxed();
    tokio::time::timeout(Duration::from_secs(2), chunks(then).await.stall()).await.unwrap();
}
