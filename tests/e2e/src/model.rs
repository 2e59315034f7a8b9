//! The model server, which follows a test's script. It has one script for all callers, so only one test at a time may
//! have leads scored.

use crate::client::agent;
use crate::environment;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The model of the deployment's chain, which goes on to the rules.
pub const MODEL: &str = "amazon.nova-pro-v1:0";

static TURN: Mutex<()> = Mutex::new(());

/// The model server, while one test has it to itself.
pub struct Model {
    _turn: MutexGuard<'static, ()>,
}

/// Waits for the model server and clears its script.
pub fn model() -> Model {
    // A failed test leaves nothing behind that the next one does not clear.
    let model = Model { _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner) };
    model.clear();
    model
}

impl Model {
    /// Forgets steps and calls.
    pub fn clear(&self) {
        send("DELETE", "/_calls", &Value::Null);
    }

    /// The number of steps that no call has used.
    pub fn steps_left(&self) -> u64 {
        send("POST", "/_script", &json!([]))["steps_left"].as_u64().expect("a number")
    }

    /// Appends steps; without one, a call fails.
    pub fn script(&self, steps: &[Value]) {
        send("POST", "/_script", &json!(steps));
    }

    /// The calls since the test got the server.
    pub fn calls(&self) -> Vec<Value> {
        match send("GET", "/_calls", &Value::Null) {
            Value::Array(calls) => calls,
            other => panic!("not a list of calls: {other}"),
        }
    }
}

/// A completion in the form of a score, with evidence from the lead of [`crate::lead`].
pub fn judgement(budget: u8, authority: u8, need: u8, timeline: u8) -> Value {
    json!({
        "abstain": false, "budget": budget, "authority": authority, "need": need, "timeline": timeline,
        "confidence_percent": 80,
        "factors": [{
            "dimension": "budget", "impact": 40, "field": "notes", "quote": "budget approved",
            "reason": "The money is there."
        }]
    })
}

fn send(method: &str, path: &str, body: &Value) -> Value {
    let url = format!("{}{path}", environment().model_url);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = ureq::http::Request::builder().method(method).uri(url).body(body).expect("a request");
    let mut answer = agent().run(request).expect("the model server answers");
    let text = answer.body_mut().read_to_string().expect("a text");
    assert!(answer.status().is_success(), "{method} {path}: {text}");
    serde_json::from_str(&text).expect("JSON")
}
