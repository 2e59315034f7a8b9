//! The outside part of fine-tunes: uploads a file to the bucket, and ends the provider's job.

use crate::client::agent;
use crate::environment;
use serde_json::{Value, json};
use ureq::http::Request;

/// Sends the request that uploads a file; returns the status of the answer.
pub fn bring(upload: &Value, file: &str) -> u16 {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut request = Request::builder().method(text(&upload["method"]).as_str()).uri(text(&upload["url"]));
    for (name, value) in upload["headers"].as_object().expect("headers") {
        // The client sets its own length.
        if name != "content-length" {
            request = request.header(name.as_str(), text(value));
        }
    }
    let request = request.body(file.to_owned()).expect("a request");
    agent().run(request).expect("the bucket answers").status().as_u16()
}

/// Ends the training of a fine-tune at the model server.
pub fn end_training(id: &str, status: &str) {
    let url = format!("{}/_jobs/{}", environment().model_url, id.replace('_', "-"));
    let body = json!({ "status": status }).to_string();
    let request = Request::builder().method("PUT").uri(url).body(body).expect("a request");
    let answer = agent().run(request).expect("the model server answers");
    assert!(answer.status().is_success());
}
