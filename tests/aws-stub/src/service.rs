//! A service of AWS with one operation (JSON 1.1), which counts the calls of it.

use crate::http::{self, Request};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub(crate) struct Service {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Answers the operation with this `X-Amz-Target`, such as `secretsmanager.GetSecretValue`.
    pub(crate) fn start(target: &'static str, answer: fn(&Value) -> Value) -> Self {
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let counted = Arc::clone(&calls);
        let url = http::listen(move |request: &Request| {
            if request.target.as_deref() != Some(target) {
                return (400, json!({"__type": "UnknownOperationException"}));
            }
            let operation = target.rsplit('.').next().unwrap_or(target);
            counted.lock().unwrap().push(operation.to_owned());
            (200, answer(&request.body))
        });
        Self { url, calls }
    }

    /// The operations since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}
