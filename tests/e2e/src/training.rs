//! The outside part of fine-tunes: uploads a file to the bucket, and ends the provider's job and the making of its
//! deployment.

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

/// The file behind a signed link.
pub fn download(url: &str) -> String {
    let request = Request::builder().method("GET").uri(url).body(String::new()).expect("a request");
    let mut answer = agent().run(request).expect("the bucket answers");
    assert_eq!(answer.status().as_u16(), 200);
    answer.body_mut().read_to_string().expect("a text")
}

/// Ends the training of a fine-tune at the model server.
pub fn end_training(id: &str, status: &str) {
    end("_jobs", id, status);
}

/// Ends the making of a fine-tune's deployment at the model server.
pub fn end_deployment(id: &str, status: &str) {
    end("_deployments", id, status);
}

/// The requests and states of the deployments at the model server.
pub fn deployments() -> Value {
    let url = format!("{}/_deployments", environment().model_url);
    let request = Request::builder().method("GET").uri(url).body(String::new()).expect("a request");
    let mut answer = agent().run(request).expect("the model server answers");
    serde_json::from_str(&answer.body_mut().read_to_string().expect("a text")).expect("JSON")
}

fn end(kind: &str, id: &str, status: &str) {
    let url = format!("{}/{kind}/{}", environment().model_url, id.replace('_', "-"));
    let body = json!({ "status": status }).to_string();
    let request = Request::builder().method("PUT").uri(url).body(body).expect("a request");
    let answer = agent().run(request).expect("the model server answers");
    assert!(answer.status().is_success());
}
