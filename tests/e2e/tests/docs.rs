//! The documents that the API serves: the contract for programs, and the page for people as a real browser shows it.

use e2e_tests::{Client, environment};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn contract() -> Value {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/openapi.yaml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

/// The same without what only API Gateway is told.
fn public(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, _)| !name.starts_with("x-amazon-"));
            Value::Object(fields.map(|(name, value)| (name, public(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(public).collect(),
        other => other,
    }
}

fn operations() -> Vec<String> {
    let contract = contract();
    let paths = contract["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let ids: Vec<_> = operations
        .filter_map(|operation| operation.get("operationId")?.as_str().map(str::to_owned))
        .collect();
    assert!(ids.len() > 15);
    ids
}

#[test]
fn the_contract_is_served_without_what_the_gateway_alone_is_told() {
    let answer = Client::anonymous().get("/v1/openapi.json");
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert!(!answer.text.contains("x-amazon-"));
    assert_eq!(answer.json(200), public(contract()));
}

/// What Chromium did with a page.
struct Shown {
    dom: String,
    messages: String,
    screenshot: Vec<u8>,
    requests: Vec<String>,
}

/// A folder that is thrown away.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _in_vain = fs::remove_dir_all(&self.0);
    }
}

fn show(name: &str, url: &str) -> Shown {
    let folder = std::env::temp_dir().join(format!("sextant-e2e-{}-{name}", std::process::id()));
    let scratch = Scratch(folder);
    fs::create_dir_all(&scratch.0).unwrap();
    let (screenshot, net_log) = (scratch.0.join("page.png"), scratch.0.join("requests.json"));
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage"])
        // Console messages go to the standard error output.
        .args(["--enable-logging=stderr", "--v=0", "--window-size=1200,900", "--dump-dom"])
        .arg(format!("--user-data-dir={}", scratch.0.join("profile").display()))
        .arg(format!("--screenshot={}", screenshot.display()))
        .arg(format!("--log-net-log={}", net_log.display()))
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("chromium does not start ({error}): apt-get install chromium"));
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{messages}");
    Shown {
        dom: String::from_utf8(output.stdout).unwrap(),
        messages,
        screenshot: fs::read(&screenshot).unwrap(),
        requests: requests(&fs::read_to_string(&net_log).unwrap()),
    }
}

/// The addresses in a log of network events: of everything that a request was started for.
fn requests(log: &str) -> Vec<String> {
    let log: Value = serde_json::from_str(log).unwrap();
    let started = &log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"];
    assert!(started.is_number());
    let events = log["events"].as_array().unwrap().iter().filter(|event| event["type"] == *started);
    let mut urls: Vec<String> =
        events.filter_map(|event| event["params"]["url"].as_str().map(str::to_owned)).collect();
    urls.dedup();
    urls
}

#[test]
fn a_browser_shows_every_operation_and_asks_nobody_else_for_anything() {
    let url = format!("{}/docs", environment().api_url);
    let shown = show("docs", &url);
    for operation in operations() {
        assert!(shown.dom.contains(&format!("id=\"{operation}\"")), "{operation} is not on the page");
    }
    assert!(shown.dom.contains("<h1"), "{}", shown.dom);
    assert!(!shown.messages.contains("CONSOLE"), "the page complains: {}", shown.messages);
    assert_eq!(shown.requests, [url], "nothing but the page is asked for");

    // An empty page of the same size is a small picture; text is not.
    let empty = show("empty", "about:blank");
    assert!(empty.dom.contains("<body></body>"), "{}", empty.dom);
    assert!(
        shown.screenshot.len() > 4 * empty.screenshot.len(),
        "a picture of {} bytes, where an empty page has {}",
        shown.screenshot.len(),
        empty.screenshot.len()
    );
}

#[test]
fn the_page_lets_nothing_run() {
    let answer = Client::anonymous().get("/docs").expect(200);
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
}
