//! A bus that accepts every event (EventBridge, JSON 1.1). It must never forward one.

use crate::http::{self, Request};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub(crate) struct Bus {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Bus {
    pub(crate) fn start() -> Self {
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let counted = Arc::clone(&calls);
        let url = http::listen(move |request| answer(request, &counted));
        Self { url, calls }
    }

    /// The operations since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

fn answer(request: &Request, calls: &Mutex<Vec<String>>) -> (u16, Value) {
    let Some("AWSEvents.PutEvents") = request.target.as_deref() else {
        return (400, json!({"__type": "UnknownOperationException"}));
    };
    calls.lock().unwrap().push("PutEvents".to_owned());
    let sent = request.body["Entries"].as_array().map_or(0, Vec::len);
    let entries: Vec<Value> = (0..sent).map(|number| json!({"EventId": format!("event-{number}")})).collect();
    (200, json!({"FailedEntryCount": 0, "Entries": entries}))
}
