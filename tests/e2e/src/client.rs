//! A client of the API, as written by somebody outside of the project: HTTP and JSON, without types of the project.

use crate::environment;
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;
use ureq::http::{HeaderMap, Request};

/// Longer than the gateway waits for any function.
const TIMEOUT: Duration = Duration::from_secs(40);

/// A client of the API, with an access token or without one.
#[derive(Debug, Clone)]
pub struct Client {
    token: Option<String>,
}

/// The answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub text: String,
    headers: HeaderMap,
    what: String,
}

/// The answer of the API with its body as bytes.
#[derive(Debug)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body, still compressed if it was sent compressed.
    pub bytes: Vec<u8>,
    headers: HeaderMap,
    what: String,
}

impl RawAnswer {
    /// The same answer, if it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.what);
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Client {
    /// A client without an access token.
    pub fn anonymous() -> Self {
        Self { token: None }
    }

    /// A client that sends this access token.
    pub fn with_token(token: &str) -> Self {
        Self { token: Some(token.to_owned()) }
    }

    /// Its access token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("somebody is signed in")
    }

    /// `GET` of a path.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// `DELETE` of a path.
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    /// `POST` of a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body)
    }

    /// `POST` of a JSON body with further headers.
    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [&[("Content-Type", "application/json")], headers].concat();
        self.send("POST", path, &headers, Some(&body.to_string()))
    }

    /// `PUT` of a JSON body over the version with this ETag.
    pub fn put(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let headers = [("Content-Type", "application/json"), ("If-Match", etag)];
        self.send("PUT", path, &headers, Some(&body.to_string()))
    }

    /// Any request; the test fails when no answer comes.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        self.send_bytes(method, path, headers, body.unwrap_or_default().as_bytes())
    }

    /// A request with these bytes as its body.
    pub fn send_bytes(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.exchange(method, path, headers, body);
        let text = String::from_utf8(answer.bytes).unwrap_or_else(|error| panic!("{}: {error}", answer.what));
        Answer { status: answer.status, text, headers: answer.headers, what: answer.what }
    }

    /// A request without a body; the answer need not be text.
    pub fn send_raw(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> RawAnswer {
        self.exchange(method, path, headers, b"")
    }

    fn exchange(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
        let what = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", environment().api_url));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).expect("a request");
        let mut answer = agent().run(request).unwrap_or_else(|error| panic!("{what}: {error}"));
        let bytes = answer.body_mut().read_to_vec().unwrap_or_else(|error| panic!("{what}: {error}"));
        RawAnswer { status: answer.status().as_u16(), bytes, headers: answer.headers().clone(), what }
    }
}

/// The connections of a test run.
pub(crate) fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        config.build().into()
    })
}

impl Answer {
    /// The same answer, if it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        self
    }

    /// The body of an answer with this status.
    pub fn json(self, status: u16) -> Value {
        let answer = self.expect(status);
        serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{}: {error}", answer.what))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The id of the request in the logs.
    pub fn correlation_id(&self) -> &str {
        let id = self.header("X-Correlation-Id");
        let id = id.unwrap_or_else(|| panic!("{}: no correlation id", self.what));
        // The names that OpenAI's and Anthropic's clients read.
        for name in ["X-Request-Id", "Request-Id"] {
            assert_eq!(self.header(name), Some(id), "{} {name}", self.what);
        }
        id
    }

    /// The problem document, if the answer is this problem and is consistent in all its parts.
    pub fn problem(self, status: u16, code: &str) -> Value {
        let what = format!("{} answers {} {}", self.what, self.status, self.text);
        assert_eq!(self.header("Content-Type"), Some("application/problem+json"), "{what}");
        let correlation_id = self.correlation_id().to_owned();
        let problem = self.json(status);
        assert_eq!(problem["code"], code, "{what}");
        assert_eq!(problem["status"], status, "{what}");
        assert_eq!(problem["type"], format!("https://sextant.dev/problems/{code}"), "{what}");
        assert_eq!(problem["correlation_id"], correlation_id.as_str(), "{what}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}");
        problem
    }
}
