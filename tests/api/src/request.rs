//! Requests in the form that API Gateway sends; each one starts as the function's sample event. Every answer, whatever
//! its status, is compared with the contract before the test gets it.

use crate::contract::Operation;
use crate::people::Person;
use crate::routes::Route;
use crate::tree::sample;
use crate::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use edge::Invocation;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// A request.
#[must_use = "a request does nothing until it is sent"]
pub struct Call<'a> {
    world: &'a World,
    operation: &'static Operation,
    event: Value,
    query: Vec<(String, String)>,
    time: Option<Duration>,
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation.id).finish_non_exhaustive()
    }
}

impl<'a> Call<'a> {
    pub(crate) fn new(world: &'a World, operation: &'static Operation) -> Self {
        let mut event = sample(&operation.context, &kebab(&operation.id));
        let context = event["requestContext"].as_object_mut().expect("a context");
        context.remove("authorizer");
        context.insert("requestId".to_owned(), world.next_request_id().into());
        event["queryStringParameters"] = Value::Null;
        event["multiValueQueryStringParameters"] = Value::Null;
        let call = Self { world, operation, event, query: Vec::new(), time: None };
        call.without_header("Idempotency-Key").without_header("If-Match")
    }

    /// Sent through the authorizer with this person's claims, as of somebody who has just signed in, so that tests that let
    /// time pass may call routes that need a recent sign-in. [`Self::signed_in_at`] states another time.
    pub fn by(mut self, person: &Person) -> Self {
        let known = sample("identity", "get-profile");
        let mut claims = known["requestContext"]["authorizer"].clone();
        for (name, value) in person.claims() {
            claims[name] = value.into();
        }
        self.event["requestContext"]["authorizer"] = claims;
        let now = self.world.now();
        self.signed_in_at(now)
    }

    /// As of a person who signed in at this time.
    pub fn signed_in_at(self, at: Timestamp) -> Self {
        self.claim("auth_time", at.seconds().to_string().into())
    }

    /// Sent through the authorizer, which answered with this policy.
    pub fn let_in(mut self, policy: &Value) -> Self {
        let mut claims = policy["context"].clone();
        claims["principalId"] = policy["principalId"].clone();
        claims["integrationLatency"] = 12.into();
        self.event["requestContext"]["authorizer"] = claims;
        self
    }

    /// With another claim, or without it.
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        let claims = self.event["requestContext"]["authorizer"].as_object_mut().expect("claims");
        match value {
            Value::Null => claims.remove(name),
            value => claims.insert(name.to_owned(), value),
        };
        self
    }

    /// With this path parameter.
    pub fn path(mut self, name: &str, value: &str) -> Self {
        let path = self.operation.path.replace(&format!("{{{name}}}"), &percent(value));
        self.event["path"] = path.clone().into();
        self.event["requestContext"]["path"] = format!("/dev{path}").into();
        self.event["pathParameters"] = json!({name: value});
        self
    }

    /// With this query parameter; several of one name are all sent.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.event["headers"][name] = value.into();
        self.event["multiValueHeaders"][name] = json!([value]);
        self
    }

    /// With several lines of this header. `headers` in the gateway's event has the last one.
    pub fn header_lines(mut self, name: &str, lines: &[&str]) -> Self {
        self.event["headers"][name] = lines.last().copied().into();
        self.event["multiValueHeaders"][name] = json!(lines);
        self
    }

    /// At a stage that allows pages of these origins, separated by commas.
    pub fn allowing(mut self, origins: &str) -> Self {
        self.event["stageVariables"] = json!({"allowed_origins": origins});
        self
    }

    /// Without this header.
    pub fn without_header(mut self, name: &str) -> Self {
        for headers in ["headers", "multiValueHeaders"] {
            self.event[headers]
                .as_object_mut()
                .expect("headers")
                .retain(|key, _| !key.eq_ignore_ascii_case(name));
        }
        self
    }

    /// With this idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// With `If-Match` of this version.
    pub fn if_match(self, version: u64) -> Self {
        self.header("If-Match", &format!("\"{version}\""))
    }

    /// With this JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    /// With this body.
    pub fn text(self, body: &str) -> Self {
        self.bytes(body.as_bytes())
    }

    /// With these bytes as its body, in the form in which the gateway passes on JSON.
    pub fn bytes(mut self, body: &[u8]) -> Self {
        self.event["body"] = STANDARD.encode(body).into();
        self.event["isBase64Encoded"] = true.into();
        self
    }

    /// Without a body.
    pub fn no_body(mut self) -> Self {
        self.event["body"] = Value::Null;
        self
    }

    /// From this address.
    pub fn from(mut self, address: &str) -> Self {
        self.event["requestContext"]["identity"]["sourceIp"] = address.into();
        self
    }

    /// With this id in the logs and in the answer.
    pub fn named(mut self, request_id: &str) -> Self {
        self.event["requestContext"]["requestId"] = request_id.into();
        self
    }

    /// With this much time for the answer.
    pub fn within(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Sends the request and compares the answer with the contract.
    pub async fn send(mut self) -> Answer {
        if !self.query.is_empty() {
            let mut several: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for (name, value) in &self.query {
                several.entry(name).or_default().push(value);
            }
            // The gateway passes on the last of several values.
            let one: Map<String, Value> = several
                .iter()
                .map(|(name, values)| ((*name).to_owned(), values.last().copied().into()))
                .collect();
            self.event["multiValueQueryStringParameters"] = json!(several);
            self.event["queryStringParameters"] = one.into();
        }
        let invocation = self.invocation();
        let handler = &self.world.handlers[self.operation.id.as_str()];
        let event = match handler {
            Route::Whole(handler) => edge::http::invoke_as(handler.as_ref(), self.event, &invocation).await,
            Route::Streaming(handler) => {
                let (mut prelude, chunks) =
                    edge::streaming::invoke_as(handler.as_ref(), self.event, &invocation).await;
                let body: Vec<u8> = chunks.collect::<Vec<_>>().await.concat();
                prelude["body"] = String::from_utf8(body).expect("text").into();
                prelude["isBase64Encoded"] = false.into();
                prelude
            }
        };
        let answer = Answer::read(&event);
        self.operation.check(&answer);
        answer
    }

    /// Sends a request whose answer comes in pieces, takes this many of them, and drops everything that is left, as when
    /// the process is killed. Returns the pieces.
    pub async fn killed_after(self, pieces: usize) -> String {
        let Route::Streaming(handler) = &self.world.handlers[self.operation.id.as_str()] else {
            panic!("the answer comes in one piece")
        };
        let invocation = self.invocation();
        let (_, chunks) = edge::streaming::invoke_as(handler.as_ref(), self.event, &invocation).await;
        let taken: Vec<Vec<u8>> = chunks.take(pieces).collect().await;
        String::from_utf8(taken.concat()).expect("text")
    }

    fn invocation(&self) -> Invocation {
        let invocation = Invocation::in_process(self.world.now());
        match self.time {
            Some(time) => invocation.with_time(time),
            None => invocation,
        }
    }
}

/// `getLead` to `get-lead`.
fn kebab(id: &str) -> String {
    let mut out = String::new();
    for c in id.chars() {
        if c.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A path segment as clients send it.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte) {
            out.push(byte.into());
        } else {
            write!(out, "%{byte:02X}").expect("a text can be written to");
        }
    }
    out
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers with their names as they were sent.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Answer {
    fn read(event: &Value) -> Self {
        let headers = event["headers"].as_object().expect("headers").iter();
        assert_eq!(event["isBase64Encoded"], false);
        Self {
            status: event["statusCode"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().expect("a header is text").to_owned()))
                .collect(),
            body: event["body"].as_str().expect("a body").to_owned(),
        }
    }

    /// The same answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The same answer, if it is a problem of this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.body);
        self
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A header's value as a number.
    pub fn number(&self, name: &str) -> i64 {
        self.header(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| panic!("no number in {name}"))
    }

    /// The code of the problem; empty if the answer is not a problem.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let error = &body["error"];
        let places = [&body["code"], &error["code"], &error["details"]["error_code"]];
        places.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The fields named by a problem.
    pub fn fields(&self) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<String> =
            errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect();
        // OpenAI's errors have one field as `param`, with dots where a pointer has slashes.
        if let Some(param) = body["error"]["param"].as_str() {
            fields.extend([format!("/{}", param.replace('.', "/")), param.to_owned()]);
        }
        // OpenAI's and Anthropic's errors name all fields in their text.
        if body["type"] == "error" || !fields.is_empty() && body["error"].is_object() {
            let message = body["error"]["message"].as_str().unwrap_or_default();
            let named = message.split("; ").filter_map(|part| part.split_once(": "));
            // Headers have no pointer.
            let named =
                named.flat_map(|(field, _)| [format!("/{}", field.replace('.', "/")), field.to_owned()]);
            for field in named {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        fields
    }

    /// Whether the answer repeats the answer to an earlier request.
    pub fn is_replay(&self) -> bool {
        self.header("Idempotency-Replayed") == Some("true")
    }

    /// The part that two answers to the same request must share: everything except the id of the request, the state of
    /// the rate limit, and the mark of a repetition.
    pub fn essence(&self) -> Self {
        let own = [
            "X-Correlation-Id",
            "X-Request-Id",
            "Request-Id",
            "Idempotency-Replayed",
            "RateLimit",
            "X-Ratelimit-Remaining-Requests",
            "X-Ratelimit-Reset-Requests",
        ];
        let headers =
            self.headers.iter().filter(|(name, _)| !own.iter().any(|own| name.eq_ignore_ascii_case(own)));
        let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { status: self.status, headers, body: self.body.clone() }
    }
}
