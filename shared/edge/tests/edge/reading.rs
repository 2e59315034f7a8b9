//! GET with `If-None-Match`, HEAD, and documents in the coding that a client wants.

use crate::support::{answer, get, post, with_header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge::http::Document;
use edge::{Problem, Response};
use serde_json::{Value, json};

fn lead() -> Result<Response, Problem> {
    Ok(Response::json(200, &json!({"id": 1}))?.with_etag(7).with_header("RateLimit", "\"reads\";r=3;t=58"))
}

#[tokio::test]
async fn a_reader_who_has_the_version_is_answered_304() {
    for method in ["GET", "HEAD"] {
        for tag in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            let mut event = with_header(get(&[]), "if-none-match", tag);
            event["httpMethod"] = json!(method);
            let answer = answer(event, |_| lead()).await;
            assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(304), &json!("")), "{method} {tag}");
            let headers = answer["headers"].as_object().unwrap();
            assert_eq!(
                (&headers["ETag"], &headers["RateLimit"]),
                (&json!("\"7\""), &json!("\"reads\";r=3;t=58"))
            );
            assert_eq!(headers["X-Content-Type-Options"], "nosniff");
            assert!(!headers.contains_key("Content-Type"));
        }
    }
}

#[tokio::test]
async fn everybody_else_gets_the_answer() {
    for tag in ["\"8\"", "7", "", "\"7"] {
        let answer = answer(with_header(get(&[]), "If-None-Match", tag), |_| lead()).await;
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("{\"id\":1}")), "{tag}");
        assert_eq!(answer["headers"]["ETag"], "\"7\"");
    }
    // Only reads get 304; a write has changed something.
    let written = answer(with_header(post("{}"), "If-None-Match", "*"), |_| lead()).await;
    assert_eq!((&written["statusCode"], &written["headers"]["ETag"]), (&json!(200), &json!("\"7\"")));
    // A failure is not a representation of the entity.
    let missing = answer(with_header(get(&[]), "If-None-Match", "*"), |_| Err(Problem::not_found())).await;
    assert_eq!((&missing["statusCode"], &missing["headers"]["ETag"]), (&json!(404), &Value::Null));
}

#[tokio::test]
async fn what_has_no_version_is_named_by_its_bytes() {
    let list = |ids: &'static [u8]| move |_: &edge::Request| Response::json(200, &json!({"data": ids}));
    let first = answer(get(&[]), list(&[1, 2])).await;
    let tag = first["headers"]["ETag"].as_str().unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 18, "{tag}");
    let again = answer(with_header(get(&[]), "If-None-Match", &tag), list(&[1, 2])).await;
    assert_eq!((&again["statusCode"], &again["headers"]["ETag"]), (&json!(304), &json!(tag)));
    let changed = answer(with_header(get(&[]), "If-None-Match", &tag), list(&[1, 3])).await;
    assert_eq!(changed["statusCode"], 200);
    assert_ne!(changed["headers"]["ETag"], tag.as_str());
    let posted = answer(post("{}"), list(&[1, 2])).await;
    assert_eq!(posted["headers"]["ETag"], Value::Null);
}

#[tokio::test]
async fn what_is_of_this_moment_is_always_sent() {
    let moment = |_: &edge::Request| Ok(Response::json(200, &json!({}))?.without_revalidation());
    let answer_now = answer(with_header(get(&[]), "If-None-Match", "*"), moment).await;
    assert_eq!((&answer_now["statusCode"], &answer_now["headers"]["ETag"]), (&json!(200), &Value::Null));
    let budget = |_: &edge::Request| lead().map(Response::without_revalidation);
    let whole = answer(with_header(get(&[]), "If-None-Match", "\"7\""), budget).await;
    assert_eq!((&whole["statusCode"], &whole["headers"]["ETag"]), (&json!(200), &json!("\"7\"")));
}

#[tokio::test]
async fn head_is_answered_as_get_without_the_body() {
    for handler in [lead as fn() -> Result<Response, Problem>, || Err(Problem::not_found())] {
        let whole = answer(get(&[]), move |_| handler()).await;
        let mut event = get(&[]);
        event["httpMethod"] = json!("HEAD");
        let head = answer(event, move |_| handler()).await;
        assert_eq!(head["body"], "");
        assert_eq!((&head["statusCode"], &head["headers"]), (&whole["statusCode"], &whole["headers"]));
    }
}

const PAGE: Document = Document {
    content_type: "text/html; charset=utf-8",
    text: "<p>page</p>",
    gzip: b"gzip bytes",
    brotli: b"brotli bytes",
    hash: "0a1b",
};

#[tokio::test]
async fn a_document_is_sent_in_the_coding_that_is_wanted_and_named_by_it() {
    let sent = |event: Value| answer(event, |request| Ok(PAGE.answer(request)));
    for (wanted, coding, tag, bytes) in [
        ("gzip, br", json!("br"), "\"0a1b-br\"", "brotli bytes"),
        ("gzip;q=0.8, br;q=0.1", json!("gzip"), "\"0a1b-gzip\"", "gzip bytes"),
        ("identity", Value::Null, "\"0a1b\"", "<p>page</p>"),
    ] {
        let event = with_header(get(&[]), "Accept-Encoding", wanted);
        let whole = sent(event.clone()).await;
        let headers = &whole["headers"];
        assert_eq!((&headers["Content-Encoding"], &headers["ETag"]), (&coding, &json!(tag)), "{wanted}");
        assert_eq!(
            (&headers["Vary"], &headers["Content-Type"]),
            (&json!("Accept-Encoding"), &json!("text/html; charset=utf-8"))
        );
        assert_eq!(whole["isBase64Encoded"], json!(coding.is_string()));
        let body = whole["body"].as_str().unwrap();
        let body = if coding.is_string() { STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() };
        assert_eq!(body, bytes.as_bytes());

        let again = sent(with_header(event, "If-None-Match", tag)).await;
        assert_eq!(
            (&again["statusCode"], &again["body"], &again["isBase64Encoded"]),
            (&json!(304), &json!(""), &json!(false))
        );
        let headers = &again["headers"];
        assert_eq!((&headers["Vary"], &headers["ETag"]), (&json!("Accept-Encoding"), &json!(tag)));
        assert_eq!((&headers["Content-Encoding"], &headers["Content-Type"]), (&Value::Null, &Value::Null));
    }
    let plain = sent(get(&[])).await;
    assert_eq!(
        (&plain["headers"]["Content-Encoding"], &plain["body"]),
        (&Value::Null, &json!("<p>page</p>"))
    );
    // The entity tag of another coding identifies other bytes.
    let other = with_header(with_header(get(&[]), "Accept-Encoding", "gzip"), "If-None-Match", "\"0a1b\"");
    assert_eq!(sent(other).await["statusCode"], 200);
}
