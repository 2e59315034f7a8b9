//! A secret store with the same text under every name (Secrets Manager, JSON 1.1).

use crate::http::{self, Request};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Long enough for the key of cursors.
const SECRET: &str = "a key of the bench that is long enough to be one";

pub(crate) struct Secrets {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Secrets {
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
    let Some("secretsmanager.GetSecretValue") = request.target.as_deref() else {
        return (400, json!({"__type": "UnknownOperationException"}));
    };
    calls.lock().unwrap().push("GetSecretValue".to_owned());
    (200, json!({"Name": request.body["SecretId"], "SecretString": SECRET}))
}
