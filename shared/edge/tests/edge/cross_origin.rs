//! Pages of other origins may read answers of every kind if the stage allows their origin, and no answers otherwise.

use crate::support::{answer, get, with_header};
use edge::http::{Document, EXPOSED_HEADERS};
use edge::streaming::{Reply, StreamedResponse, StreamingHandler};
use edge::{Problem, Request, Response};
use futures_util::{StreamExt as _, stream};
use ports::BoxFuture;
use serde_json::{Value, json};

const ALLOWED: &str = "https://console.example.com, http://localhost:3000";

fn from(origin: &str) -> Value {
    let mut event = with_header(get(&[]), "origin", origin);
    event["stageVariables"] = json!({"allowed_origins": ALLOWED});
    event
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_every_answer() {
    for origin in ["https://console.example.com", "http://localhost:3000"] {
        for answer in [
            answer(from(origin), |_| Response::json(200, &json!({}))).await,
            answer(from(origin), |_| Ok(Response::no_content())).await,
            answer(from(origin), |_| Err(Problem::not_found())).await,
            answer(from(origin), |_| panic!("defect")).await,
            answer(with_header(from(origin), "If-None-Match", "*"), |_| Response::json(200, &json!({})))
                .await,
        ] {
            let headers = &answer["headers"];
            assert_eq!(headers["Access-Control-Allow-Origin"], origin, "{answer}");
            assert_eq!(headers["Access-Control-Expose-Headers"], EXPOSED_HEADERS);
            assert_eq!(headers["Vary"], "Origin");
            assert_eq!(headers["Access-Control-Allow-Credentials"], "true");
        }
    }
}

#[tokio::test]
async fn no_other_page_may_read_any() {
    for origin in [
        "https://evil.example",
        "https://console.example.com.evil.example",
        "http://console.example.com",
        "https://console.example.com:8443",
        "https://CONSOLE.example.com",
        "https://console.example.com, http://localhost:3000",
        "null",
        "*",
        "",
    ] {
        for answer in [
            answer(from(origin), |_| Response::json(200, &json!({}))).await,
            answer(from(origin), |_| Err(Problem::not_found())).await,
        ] {
            assert!(!answer.to_string().contains("Access-Control"), "{origin}: {answer}");
            // A cache must not give the answer to another origin.
            assert_eq!(answer["headers"]["Vary"], "Origin", "{origin}");
        }
    }
}

#[tokio::test]
async fn without_a_list_nothing_is_said() {
    for variables in
        [Value::Null, json!({}), json!({"allowed_origins": ""}), json!({"other": "https://evil.example"})]
    {
        let mut event = from("https://evil.example");
        event["stageVariables"] = variables;
        let answer = answer(event, |_| Response::json(200, &json!({}))).await;
        assert!(!answer.to_string().contains("Access-Control"), "{answer}");
        assert_eq!(answer["headers"]["Vary"], Value::Null);
    }
}

#[tokio::test]
async fn what_else_an_answer_depends_on_is_still_told() {
    let page = Document { content_type: "text/html", text: "", gzip: b"", brotli: b"", hash: "0" };
    let answer = answer(from("http://localhost:3000"), move |request| Ok(page.answer(request))).await;
    assert_eq!(answer["headers"]["Vary"], "Accept-Encoding, Origin");
}

/// Streams an answer, or fails.
struct Streams(bool);

impl StreamingHandler for Streams {
    fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
        Box::pin(async {
            if !self.0 {
                return Err(Problem::not_found());
            }
            let body = stream::iter([Ok(b"data: 1\n\n".to_vec())]);
            Ok(StreamedResponse::new(200, "text/event-stream", body).into())
        })
    }
}

#[tokio::test]
async fn streams_are_read_alike() {
    for works in [true, false] {
        for (origin, allowed) in [("http://localhost:3000", true), ("https://evil.example", false)] {
            let (prelude, chunks) =
                edge::streaming::invoke(&Streams(works), from(origin), crate::support::now()).await;
            let _body: Vec<Vec<u8>> = chunks.collect().await;
            let expected = if allowed { json!(origin) } else { Value::Null };
            assert_eq!(prelude["headers"]["access-control-allow-origin"], expected, "{prelude}");
            assert_eq!(prelude["headers"]["vary"], "Origin");
        }
    }
}
