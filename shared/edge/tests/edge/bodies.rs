//! Bodies: limits, shapes, and problems that name the field and never the value.

use crate::support::{answer, body, post, problem, with_header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::field::FieldChecks;
use edge::{Problem, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lead {
    company_name: String,
    company_size: Option<u32>,
    #[serde(default)]
    contact: Option<Contact>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    email: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    New,
    Won,
}

fn echo(request: &Request) -> Result<Response, Problem> {
    Response::json(200, &request.json::<Lead>(|_| Ok(()))?)
}

async fn send(body: &str) -> Value {
    answer(post(body), echo).await
}

#[tokio::test]
async fn reads_json_of_any_parameters_and_encoding() {
    let event =
        with_header(post(r#"{"company_name":"Zürich"}"#), "Content-Type", "Application/JSON; charset=utf-8");
    assert_eq!(body(&answer(event, echo).await)["company_name"], "Zürich");

    let mut event = post(&STANDARD.encode(r#"{"company_name":"Zürich"}"#));
    event["isBase64Encoded"] = json!(true);
    assert_eq!(body(&answer(event, echo).await)["company_name"], "Zürich");
}

#[tokio::test]
async fn an_array_in_the_place_of_an_object_is_named() {
    let answer = send(r#"{"company_name":"Ada","contact":["ada@northwind.example"],"tags":["a"]}"#).await;
    let expected = json!([{"field": "/contact", "code": "type", "message": "must be an object"}]);
    assert_eq!(body(&answer)["errors"], expected);
    let answer =
        send(r#"{"company_name":"Ada","contact":{"email":"ada@northwind.example"},"tags":["a"]}"#).await;
    assert_eq!(body(&answer)["tags"], json!(["a"]));
}

#[tokio::test]
async fn refuses_other_media_types() {
    for media_type in ["text/plain", "application/merge-patch+json", "application/jsonp", ""] {
        let event = with_header(post("{}"), "Content-Type", media_type);
        assert_eq!(
            problem(&answer(event, echo).await),
            (415, "unsupported_media_type".to_owned()),
            "{media_type}"
        );
    }
    let mut event = post("{}");
    event["headers"] = Value::Null;
    event["multiValueHeaders"] = Value::Null;
    assert_eq!(problem(&answer(event, echo).await).0, 415);
}

#[tokio::test]
async fn a_body_is_utf_8_and_no_other_charset() {
    let good = r#"{"company_name":"a"}"#;
    for charset in ["utf-8", "UTF-8", "\"utf-8\"", "utf8"] {
        let event = with_header(post(good), "Content-Type", &format!("application/json; Charset={charset}"));
        assert_eq!(answer(event, echo).await["statusCode"], 200, "{charset}");
    }
    for charset in ["iso-8859-1", "utf-16", "windows-1252", "us-ascii", "\"latin1\"", ""] {
        let event = with_header(post(good), "Content-Type", &format!("application/json;charset={charset}"));
        let refused = answer(event, echo).await;
        assert_eq!(problem(&refused), (415, "unsupported_media_type".to_owned()), "{charset}");
        assert_eq!(body(&refused)["detail"], "Send application/json in UTF-8, which needs no charset.");
    }
    for encoded in
        [&b"{\"company_name\":\"M\xfcnchen\"}"[..], b"{\"company_name\":\"\xed\xa0\x80\"}", b"\xff\xfe{\0}\0"]
    {
        let mut event = post(&STANDARD.encode(encoded));
        event["isBase64Encoded"] = json!(true);
        let refused = answer(event, echo).await;
        assert_eq!(problem(&refused).0, 400);
        assert!(body(&refused)["detail"].as_str().unwrap().contains("UTF-8"), "{refused}");
    }
}

#[tokio::test]
async fn an_unpaired_surrogate_is_named_with_its_place() {
    for (sent, field) in [
        (r#"{"company_name":"a\ud800"}"#, "/company_name"),
        (r#"{"company_name":"a\udc00b"}"#, "/company_name"),
        (r#"{"company_name":"a","tags":["\ud83dx"]}"#, "/tags/0"),
        (r#"{"company_name":"a","contact":{"email":"\ud83d\n"}}"#, "/contact/email"),
        (r#"{"company_name":"\ud83d\ud83d"}"#, "/company_name"),
    ] {
        let refused = send(sent).await;
        assert_eq!(problem(&refused), (400, "invalid_request".to_owned()), "{sent}");
        let error = body(&refused)["errors"][0].clone();
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!("format")), "{sent}");
        assert!(error["message"].as_str().unwrap().contains("unpaired surrogate"), "{error}");
    }
    assert_eq!(body(&send(r#"{"company_name":"\ud83d\ude80"}"#).await)["company_name"], "\u{1f680}");
    // A damaged escape is not a surrogate.
    let refused = send(r#"{"company_name":"\u12"}"#).await;
    assert!(body(&refused)["detail"].as_str().unwrap().starts_with("The body is not JSON"), "{refused}");
}

#[tokio::test]
async fn whole_numbers_may_have_a_fraction_or_an_exponent() {
    for size in ["850.0", "8.5e2", "850", "8500e-1", "0.85E+3"] {
        let sent = format!(r#"{{"company_name":"a","company_size":{size}}}"#);
        assert_eq!(body(&send(&sent).await)["company_size"], 850, "{size}");
    }
    for (size, code) in [("850.5", "type"), ("-1.0", "range"), ("1e300", "type"), ("5e9", "range")] {
        let sent = format!(r#"{{"company_name":"a","company_size":{size}}}"#);
        let refused = send(&sent).await;
        let error = body(&refused)["errors"][0].clone();
        assert_eq!((&error["field"], &error["code"]), (&json!("/company_size"), &json!(code)), "{size}");
    }
    // Other errors are named, and this number is not an error.
    let refused = send(r#"{"company_name":7,"company_size":850.0}"#).await;
    let errors = body(&refused)["errors"].clone();
    assert_eq!((errors.as_array().unwrap().len(), &errors[0]["field"]), (1, &json!("/company_name")));
}

#[tokio::test]
async fn takes_256_kib_and_not_a_byte_more() {
    let sized = |bytes: usize| {
        let rest = r#"{"company_name":""}"#.len();
        format!(r#"{{"company_name":"{}"}}"#, "a".repeat(bytes - rest))
    };
    assert_eq!(send(&sized(256 * 1024)).await["statusCode"], 200);
    assert_eq!(problem(&send(&sized(256 * 1024 + 1)).await), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn refuses_what_is_not_json() {
    for malformed in ["", "{", "null,", "{\"company_name\":\"a\u{0}\"}", "{\"company_name\":\"a\"}}"] {
        assert_eq!(problem(&send(malformed).await), (400, "invalid_request".to_owned()), "{malformed:?}");
    }
    let mut event = post(&STANDARD.encode(b"{\"company_name\":\"\xff\"}"));
    event["isBase64Encoded"] = json!(true);
    let refused = answer(event, echo).await;
    assert_eq!(problem(&refused).0, 400);
    assert_eq!(body(&refused)["detail"], "The body is not UTF-8: byte 18 is part of no character.");
    let mut event = post("*** not base64 ***");
    event["isBase64Encoded"] = json!(true);
    assert_eq!(problem(&answer(event, echo).await).0, 400);
}

#[tokio::test]
async fn refuses_deep_nesting_before_reading_it() {
    let deep = format!(r#"{{"company_name":"a","tags":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    let refused = send(&deep).await;
    assert_eq!(problem(&refused).0, 400);
    let wrong = &body(&refused)["errors"][0];
    assert_eq!((&wrong["field"], &wrong["code"]), (&json!("/tags/0/0/0"), &json!("too_deep")));
}

#[tokio::test]
async fn a_body_of_too_many_values_is_refused_before_it_is_read() {
    let many = format!(r#"{{"company_name":"a","tags":[{}1]}}"#, "{\"\":0},".repeat(10_000));
    let refused = send(&many).await;
    assert_eq!(problem(&refused).0, 400);
    assert_eq!(body(&refused)["detail"], "The body has more than 20000 values.");
}

#[tokio::test]
async fn names_the_wrong_field_and_never_its_value() {
    for (sent, field, code) in [
        (r#"{}"#, "/company_name", "required"),
        (r#"{"company_name":"a","contact":{}}"#, "/contact/email", "required"),
        (r#"{"company_name":"a","s3cret":1}"#, "/s3cret", "unknown"),
        (r#"{"company_name":"a","contact":{"email":"a","x/y":1}}"#, "/contact/x~1y", "unknown"),
        (r#"{"company_name":4711}"#, "/company_name", "type"),
        (r#"{"company_name":null}"#, "/company_name", "type"),
        (r#"{"company_name":"a","tags":["b",4711]}"#, "/tags/1", "type"),
        (r#"{"company_name":"a","tags":"s3cret"}"#, "/tags", "type"),
        (r#"{"company_name":"a","company_size":"s3cret, expected a string"}"#, "/company_size", "type"),
        (r#"{"company_name":"a","company_size":-4711}"#, "/company_size", "range"),
        (r#"{"company_name":"a","company_size":4711.5}"#, "/company_size", "type"),
        (r#"{"company_name":"a","status":"s3cret"}"#, "/status", "format"),
        (r#"{"company_name":"a","contact":"missing field `s3cret`"}"#, "/contact", "type"),
        (r#"{"company_name":"a","company_name":"s3cret"}"#, "/company_name", "duplicate"),
        (r#"["s3cret"]"#, "", "type"),
        (r#""s3cret""#, "", "type"),
    ] {
        let refused = send(sent).await;
        assert_eq!(problem(&refused), (400, "invalid_request".to_owned()), "{sent}");
        let errors = &body(&refused)["errors"];
        assert_eq!(
            (&errors[0]["field"], &errors[0]["code"]),
            (&json!(field), &json!(code)),
            "{sent} {errors}"
        );
        if !field.contains("s3cret") {
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
        }
        assert!(!refused.to_string().contains("4711"), "{refused}");
        assert!(!errors[0]["message"].as_str().unwrap().contains("Lead"), "{errors}");
    }
}

#[tokio::test]
async fn hands_escaped_nul_to_the_domain_which_refuses_it() {
    let refused = answer(post(r#"{"company_name":"a\u0000b"}"#), |request| {
        let lead: Lead = request.json(|_| Ok(()))?;
        let mut check = FieldChecks::default();
        check.line("company_name", &lead.company_name, 200);
        check.line("contact.name", "", 200);
        check.finish(())?;
        Ok(Response::no_content())
    })
    .await;
    assert_eq!(problem(&refused), (400, "invalid_request".to_owned()));
    let document = body(&refused);
    assert_eq!(document["detail"], "2 fields are wrong.");
    assert_eq!(
        document["errors"][0],
        json!({
            "field": "/company_name", "code": "format", "message": "must not contain control characters",
        })
    );
    assert_eq!(document["errors"][1]["field"], "/contact/name");
}

#[tokio::test]
async fn a_content_coding_is_refused_and_told_what_is_taken() {
    let good = r#"{"company_name":"a"}"#;
    for coding in ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "gzip, gzip", "x"] {
        let refused = answer(with_header(post(good), "Content-Encoding", coding), echo).await;
        assert_eq!(problem(&refused), (415, "unsupported_media_type".to_owned()), "{coding}");
        assert_eq!(refused["headers"]["Accept-Encoding"], "identity");
        assert_eq!(body(&refused)["detail"], "Send the body without a content coding.");
    }
    for coding in ["identity", "Identity", "", "identity, identity"] {
        let taken = answer(with_header(post(good), "Content-Encoding", coding), echo).await;
        assert_eq!(taken["statusCode"], 200, "{coding}");
    }
    // The fault of another media type is reported first, and alone.
    let other = with_header(post(good), "Content-Type", "text/plain");
    assert!(answer(other, echo).await["headers"].get("Accept-Encoding").is_none());
}

#[tokio::test]
async fn a_body_that_is_no_object_is_not_taken_for_one() {
    // serde accepts the items of an array as the members of a structure.
    for text in [r#"["a", 7, null, [], null]"#, "[]", "7", "null", "\"a\""] {
        let refused = send(text).await;
        assert_eq!(problem(&refused), (400, "invalid_request".to_owned()), "{text}");
        assert_eq!(
            body(&refused)["errors"],
            json!([{"field": "", "code": "type", "message": "must be an object"}]),
            "{text}"
        );
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_once() {
    let sent = r#"{"company_size":"many","contact":{"mail":"a"},"tags":[1,"b",{}],"status":"lost","x":1,"x":2,"y":{}}"#;
    let refused = send(sent).await;
    let errors = body(&refused)["errors"].clone();
    let mut fields: Vec<(&str, &str)> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            ("/company_name", "required"),
            ("/company_size", "type"),
            ("/contact/email", "required"),
            ("/contact/mail", "unknown"),
            ("/status", "format"),
            ("/tags/0", "type"),
            ("/tags/2", "type"),
            ("/x", "duplicate"),
            ("/y", "unknown"),
        ]
    );
    assert_eq!(body(&refused)["detail"], "9 fields are wrong.");
}

#[tokio::test]
async fn a_hundred_faults_are_named_and_a_thousand_end() {
    let surplus: serde_json::Map<String, Value> = (0..1000).map(|at| (format!("x{at}"), json!(1))).collect();
    let refused = send(&Value::from(surplus).to_string()).await;
    assert_eq!(body(&refused)["errors"].as_array().unwrap().len(), 100);
}
