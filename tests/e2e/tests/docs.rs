//! The documents of the API: the contract for programs, and the page for people in a real browser.

use e2e_tests::{Client, environment};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn contract() -> Value {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/openapi.yaml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

/// The same without the parts for API Gateway.
fn public(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let hidden = |name: &str| name.starts_with("x-amazon-") || name.starts_with("x-gateway-");
            let fields = fields.into_iter().filter(|(name, _)| !hidden(name));
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
    if let Some(place) = difference(&answer.json(200), &public(contract()), "") {
        panic!("what is served is not the contract at {place}");
    }
}

/// The first difference of two documents.
fn difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let (one, other) =
                    (one.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null));
                difference(one, other, &format!("{place}/{name}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.into_iter().find_map(|(at, (one, other))| difference(one, other, &format!("{place}/{at}")))
        }
        _ => (one != other).then(|| place.to_owned()),
    }
}

/// What Chromium reported about a page.
struct Shown {
    dom: String,
    messages: String,
    screenshot: Vec<u8>,
    requests: Vec<String>,
}

/// A folder that is thrown away.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("sextant-e2e-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _in_vain = fs::remove_dir_all(&self.0);
    }
}

fn show(scratch: &Scratch, name: &str, url: &str) -> Shown {
    let file = |kind: &str| scratch.0.join(format!("{name}.{kind}"));
    let (screenshot, net_log) = (file("png"), file("requests.json"));
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage"])
        // The browser's own requests to its maker go nowhere.
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
        // Console messages go to the standard error output.
        .args(["--enable-logging=stderr", "--v=0", "--window-size=1200,900", "--dump-dom"])
        .arg(format!("--user-data-dir={}", file("profile").display()))
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

/// The requests in a log of network events: those that a page started, and those to the API. The browser's own requests
/// are neither.
fn requests(log: &str) -> Vec<String> {
    let log: Value = serde_json::from_str(log).unwrap();
    let started = &log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"];
    assert!(started.is_number());
    let events = log["events"].as_array().unwrap().iter().filter(|event| event["type"] == *started);
    let mut urls: Vec<String> = events
        .filter_map(|event| {
            let url = event["params"]["url"].as_str()?;
            // A navigation, and a request of the browser itself, has no page that started it.
            let by_page = event["params"]["initiator"].as_str()? != "not an origin";
            (by_page || url.starts_with(&environment().api_url)).then(|| url.to_owned())
        })
        .collect();
    // A request can start more than one job.
    urls.dedup();
    urls
}

#[test]
fn a_browser_shows_every_operation_and_asks_nobody_else_for_anything() {
    let scratch = Scratch::new();
    let url = format!("{}/docs", environment().api_url);
    let shown = show(&scratch, "docs", &url);
    for operation in operations() {
        assert!(shown.dom.contains(&format!("id=\"{operation}\"")), "{operation} is not on the page");
    }
    assert!(!shown.messages.contains("CONSOLE"), "the page complains: {}", shown.messages);
    assert_eq!(shown.requests, [url], "nothing but the page is asked for");

    // A page that shows nothing, makes requests and logs errors: the checks above would find them.
    let elsewhere = "http://127.0.0.1:9/picture.png";
    let page = format!("<script>console.error('oh')</script><img src='{elsewhere}' hidden>");
    let path = scratch.0.join("empty.html");
    fs::write(&path, page).unwrap();
    let empty = show(&scratch, "empty", &format!("file://{}", path.display()));
    assert!(empty.requests.iter().any(|url| url == elsewhere), "{:?}", empty.requests);
    assert!(empty.messages.contains("CONSOLE"), "{}", empty.messages);
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
