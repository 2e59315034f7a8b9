//! Log lines: one summary for each invocation, with metrics, and without secret or personal values.

use crate::support::{ACCOUNT, ORGANIZATION, REQUEST_ID, answer, get, post};
use edge::{Problem, Response, log};
use ports::StoreError;
use serde_json::{Value, json};

fn parsed(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn sums_up_a_request_in_one_line_with_its_metrics() {
    let (_, lines) = log::capture(answer(get(&[]), |_| Ok(Response::no_content()))).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].matches('\n').count(), 1);
    let line = &parsed(&lines)[0];
    for (name, value) in [
        ("level", json!("INFO")),
        ("message", json!("invocation")),
        ("function", json!("in-process")),
        ("correlation_id", json!(REQUEST_ID)),
        ("tenant", json!(ORGANIZATION)),
        ("account", json!(ACCOUNT)),
        ("method", json!("GET")),
        ("route", json!("/v1/leads/{id}/score")),
        ("status", json!(204)),
        ("cold_start", json!(false)),
        ("Function", json!("in-process")),
        ("StatusClass", json!("2xx")),
        ("Requests", json!(1)),
        ("Errors", json!(0)),
        ("ColdStart", json!(0)),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
    assert!(line.get("error").is_none());
}

#[tokio::test]
async fn a_defect_is_counted_under_its_name() {
    let (_, lines) = log::capture(async {
        tracing::error!(defect = "IncompleteHistory", missing_version = 2, "a history lacks a version");
    })
    .await;
    assert_eq!(lines.len(), 1);
    let line = &parsed(&lines)[0];
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(
        *directive,
        json!({
            "Namespace": "Sextant",
            "Dimensions": [["Defect"]],
            "Metrics": [{"Name": "Defects", "Unit": "Count"}],
        })
    );
    assert_eq!((&line["Defect"], &line["Defects"]), (&json!("IncompleteHistory"), &json!(1)));
    assert_eq!((&line["missing_version"], &line["level"]), (&json!(2), &json!("ERROR")));
}

#[tokio::test]
async fn declares_metrics_as_cloudwatch_wants_them() {
    let (_, lines) = log::capture(answer(get(&[]), |_| Err(Problem::internal("x")))).await;
    let line = &parsed(&lines)[0];
    let emf = &line["_aws"];
    assert!(emf["Timestamp"].as_u64().unwrap() > 1_600_000_000_000);
    let directive = &emf["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "Sextant");
    assert_eq!(directive["Dimensions"], json!([["Function"], ["Function", "StatusClass"]]));
    for metric in directive["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(line[name].is_number(), "{name} is declared and missing");
        assert!(matches!(metric["Unit"].as_str().unwrap(), "Count" | "Milliseconds"));
    }
    for dimension in ["Function", "StatusClass"] {
        assert!(line[dimension].is_string());
    }
    assert_eq!(
        (&line["StatusClass"], &line["Errors"], &line["level"]),
        (&json!("5xx"), &json!(1), &json!("ERROR"))
    );
}

#[tokio::test]
async fn logs_the_causes_of_a_failure_once_and_masked() {
    let (_, lines) = log::capture(answer(get(&[]), |_| {
        Err(StoreError::Unavailable("refused for ada@northwind.example with sxr_4f9a8b".into()).into())
    }))
    .await;
    assert_eq!(lines.len(), 1);
    let line = &parsed(&lines)[0];
    assert_eq!(line["error"], "the store is unavailable: refused for [masked] with [masked]");
    assert_eq!(line["code"], "unavailable");
}

#[tokio::test]
async fn masks_what_handlers_log() {
    let (_, lines) = log::capture(answer(get(&[]), |_| {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";
        tracing::warn!(
            password = "hunter2", contact_email = "x", notes = ?"call her", attempts = 3, input_tokens = 12,
            hint = %format!("mail ada@northwind.example"), "refused {jwt}"
        );
        tracing::debug!("too fine");
        tracing::info!(target: "hyper::client", "fine");
        Ok(Response::no_content())
    }))
    .await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    let line = &parsed(&lines)[0];
    assert_eq!(line["message"], "refused [masked]");
    for name in ["password", "contact_email", "notes"] {
        assert_eq!(line[name], "[masked]", "{name}");
    }
    assert_eq!((&line["attempts"], &line["input_tokens"]), (&json!(3), &json!(12)));
    assert_eq!(line["hint"], "mail [masked]");
    assert_eq!((&line["level"], &line["correlation_id"]), (&json!("WARN"), &json!(REQUEST_ID)));
}

#[tokio::test]
async fn what_a_line_says_of_itself_is_said_once_and_by_nobody_else() {
    let (_, lines) = log::capture(answer(get(&[]), |_| {
        tracing::warn!(
            function = "forged",
            correlation_id = "forged",
            trace_id = "forged",
            tenant = "forged",
            account = "forged",
            api_key = "forged",
            timestamp = 1,
            level = "forged",
            target = "forged",
            attempts = 3,
            "said"
        );
        Ok(Response::no_content())
    }))
    .await;
    // The raw text is compared, because a parser keeps one of two fields with the same name.
    let raw = &lines[0];
    assert!(!raw.contains("forged"), "{raw}");
    for name in
        ["function", "correlation_id", "tenant", "account", "timestamp", "level", "target", "attempts"]
    {
        assert_eq!(raw.matches(&format!("\"{name}\":")).count(), 1, "{name}: {raw}");
    }
    // A caller with a session has no key, and an event can't add one.
    assert!(!raw.contains("api_key"), "{raw}");
    assert_eq!(parsed(&lines)[0]["tenant"], ORGANIZATION);
}

#[tokio::test]
async fn outside_of_invocations_an_event_may_name_its_function() {
    let (_, lines) =
        log::capture(async { tracing::error!(function = "login", level = "x", "it stops") }).await;
    assert_eq!(lines[0].matches("\"function\":\"login\"").count(), 1, "{lines:?}");
    assert_eq!(lines[0].matches("\"level\":").count(), 1, "{lines:?}");
}

#[tokio::test]
async fn never_logs_what_the_caller_sent() {
    let sent = r#"{"email":"ada@northwind.example","password":"correct horse","x":[1"#;
    let (_, lines) = log::capture(answer(post(sent), |request| {
        request.json::<Value>(|_| Ok(()))?;
        Ok(Response::no_content())
    }))
    .await;
    let all = lines.concat();
    for secret in ["ada@", "horse", "203.0.113.7"] {
        assert!(!all.contains(secret), "{all}");
    }
    assert_eq!(parsed(&lines)[0]["code"], "invalid_request");
}
