//! A function as a process, against a Runtime API of the project's own in Lambda's place.

use crate::support::{get, post, problem};
use domain::Timestamp;
use domain::authority::Caller;
use edge::authorizer::{Authorizer, SentCredential};
use edge::{Handler, Problem, Request, Response, Settings, StartError};
use ports::{BoxFuture, TokenError};
use runtime_api::RuntimeApi;
use serde_json::{Value, json};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Set in the child only.
pub(crate) const CHILD: &str = "EDGE_TEST_CHILD";

struct Greets(String);

impl Handler for Greets {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            assert!(request.method() == "GET", "ada@northwind.example must not be logged");
            tokio::time::sleep(Duration::from_millis(1)).await;
            Response::json(200, &json!({"greeting": self.0}))
        })
    }
}

fn handler(settings: &Settings) -> Result<Box<dyn Handler>, StartError> {
    Ok(Box::new(Greets(settings.required("GREETING")?.to_owned())))
}

/// The function itself; in the test process it does nothing.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_some() {
        let _code = edge::http::run("greet", |settings| Box::pin(async move { Ok(handler(&settings)?) }));
        std::process::exit(3);
    }
}

/// An authorizer that refuses every token; in the test process it does nothing.
#[test]
fn authorizer_child() {
    struct Nobody;
    impl Authorizer for Nobody {
        fn authorize<'a>(
            &'a self,
            _: SentCredential<'a>,
            _: Timestamp,
        ) -> BoxFuture<'a, Result<Caller, TokenError>> {
            Box::pin(async { Err(TokenError::Invalid("expired")) })
        }
    }
    if std::env::var_os(CHILD).is_some() {
        let build: edge::Build<dyn Authorizer> =
            |_| Box::pin(async { Ok(Box::new(Nobody) as Box<dyn Authorizer>) });
        let _code = edge::authorizer::run("nobody", build);
        std::process::exit(3);
    }
}

/// Starts this test binary as a function, which is one of its tests.
pub(crate) fn start(test: &str, runtime_api: &RuntimeApi, greeting: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env_clear()
        .env(CHILD, "1")
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", "greet")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("ENVIRONMENT", "staging")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(greeting) = greeting {
        command.env("GREETING", greeting);
    }
    command.spawn().unwrap()
}

pub(crate) fn stop(mut child: Child) -> Output {
    child.kill().unwrap();
    child.wait_with_output().unwrap()
}

/// The log lines in the child's output; the test harness writes there too.
pub(crate) fn logged(out: &str) -> Vec<Value> {
    let json = |line: &str| Some(serde_json::from_str(line.get(line.find('{')?..)?).unwrap());
    out.lines().filter_map(json).collect()
}

#[test]
fn serves_two_requests_and_survives_the_panic_between_them() {
    let api = RuntimeApi::with_events([get(&[]), post("{}"), get(&[])]).unwrap();
    let child = start("runtime_api::child", &api, Some("hello"));
    let answers: Vec<(String, Value)> = (0..3)
        .map(|_| {
            let answer = api.answer(Duration::from_secs(30)).expect("an answer");
            (answer.path.clone(), answer.json())
        })
        .collect();
    let output = stop(child);
    for (number, (path, _)) in answers.iter().enumerate() {
        assert_eq!(*path, format!("/2018-06-01/runtime/invocation/request-{number}/response"));
    }
    assert_eq!(answers[0].1["statusCode"], 200);
    assert_eq!(answers[0].1["body"], r#"{"greeting":"hello"}"#);
    assert_eq!(problem(&answers[1].1), (500, "internal_error".to_owned()));
    assert_eq!(answers[2].1["statusCode"], 200);

    let out = String::from_utf8(output.stdout).unwrap();
    let lines = logged(&out);
    assert_eq!(lines.len(), 3, "{out}");
    let of = |name: &str| lines.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("status"), [200, 500, 200]);
    assert_eq!(of("cold_start"), [true, false, false]);
    assert_eq!(of("function"), ["greet", "greet", "greet"]);
    assert_eq!(of("Function"), ["greet", "greet", "greet"]);
    for line in &lines {
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Sextant/staging");
    }
    // A failure is counted for its version too, for the alarm of a deployment; a success is not.
    let by_version = json!({
        "Namespace": "Sextant/staging", "Dimensions": [["Function", "Version"]],
        "Metrics": [{"Name": "Errors", "Unit": "Count"}],
    });
    assert_eq!(lines[1]["_aws"]["CloudWatchMetrics"][1], by_version);
    assert_eq!(of("Version"), [Value::Null, json!("1"), Value::Null]);
    assert!(lines[0]["_aws"]["CloudWatchMetrics"].get(1).is_none());
    assert_eq!(of("trace_id"), ["Root=1-abc", "Root=1-abc", "Root=1-abc"]);
    assert_eq!(of("request_id"), ["request-0", "request-1", "request-2"]);
    assert!(lines[1]["error"].as_str().unwrap().contains("tests/edge/runtime_api.rs:"), "{}", lines[1]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!out.contains("ada@") && !err.contains("ada@"), "{out}{err}");
}

#[test]
fn says_which_setting_is_missing_and_stops() {
    let api = RuntimeApi::with_events([]).unwrap();
    let output = start("runtime_api::child", &api, None).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "run returned");
    let out = String::from_utf8(output.stdout).unwrap();
    let line = &logged(&out)[0];
    assert_eq!(line["error"], "the environment variable GREETING is missing");
    assert_eq!((&line["level"], &line["function"]), (&json!("ERROR"), &json!("greet")));
}

/// Lambda counts errors of the function, and alarms and deployments depend on that count.
#[test]
fn a_wrong_token_is_no_error_of_the_authorizer() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    let event = |authorization: &str| {
        json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abcde12345/dev/GET/v1/leads",
            "headers": {"Authorization": authorization},
        })
    };
    let events = [event(&format!("Basic {token}")), event(&format!("Bearer {token}"))];
    let api = RuntimeApi::with_events(events).unwrap();
    let child = start("runtime_api::authorizer_child", &api, None);
    for request in ["request-0", "request-1"] {
        let answer = api.answer(Duration::from_secs(30)).expect("an answer");
        assert_eq!(answer.path, format!("/2018-06-01/runtime/invocation/{request}/response"));
        assert_eq!(answer.json()["policyDocument"]["Statement"][0]["Effect"], "Deny");
    }
    let out = String::from_utf8(stop(child).stdout).unwrap();
    let lines = logged(&out);
    assert_eq!(lines.len(), 2, "{out}");
    assert_eq!(lines[0]["error"], "no bearer token");
    assert_eq!(lines[1]["error"], "the token is not valid: expired");
    assert!(!out.contains(token));
}
