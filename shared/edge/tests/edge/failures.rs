//! Panics and deadlines end their own request only.

use crate::support::{Answers, get, now, problem};
use edge::{Handler, Invocation, Problem, Request, Response, http, log};
use ports::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[tokio::test]
async fn answers_a_panic_and_then_the_next_request() {
    let count = AtomicU32::new(0);
    let handler = Answers(|_: &Request| {
        assert!(count.fetch_add(1, Ordering::Relaxed) != 1, "ada@northwind.example panicked here");
        Ok(Response::no_content())
    });
    let (statuses, lines) = log::capture(async {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let answer = http::invoke(&handler, get(&[]), now()).await;
            assert!(!answer.to_string().contains("panicked"), "{answer}");
            statuses.push(answer["statusCode"].as_u64().unwrap());
        }
        statuses
    })
    .await;
    assert_eq!(statuses, [204, 500, 204]);
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains("tests/edge/failures.rs:"), "{}", lines[1]);
    assert!(!lines.concat().contains("panicked here"));
}

/// Works for a minute, and reports when it is dropped.
struct Slow(Arc<AtomicBool>);

impl Handler for Slow {
    fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        struct Dropped(Arc<AtomicBool>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let dropped = Dropped(Arc::clone(&self.0));
        Box::pin(async move {
            let _dropped = dropped;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Response::no_content())
        })
    }
}

#[tokio::test]
async fn drops_a_handler_at_its_deadline() {
    let dropped = Arc::new(AtomicBool::new(false));
    let invocation = Invocation::in_process(now()).with_time(Duration::from_millis(30));
    let began = Instant::now();
    let answer = http::invoke_as(&Slow(Arc::clone(&dropped)), get(&[]), &invocation).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(problem(&answer), (503, "deadline_exceeded".to_owned()));
    assert_eq!(answer["headers"]["Retry-After"], "1");
    assert!(dropped.load(Ordering::Relaxed));
}
