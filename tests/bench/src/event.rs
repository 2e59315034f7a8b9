//! An event of `events/` with changes where one request must differ from the next.

use serde_json::{Value, json};
use std::fs;
use xtask::environment::root;
use xtask::error::{Error, at};

/// An event.
#[derive(Debug, Clone)]
pub(crate) struct Event(pub(crate) Value);

impl Event {
    /// The sample of a function.
    pub(crate) fn sample(context: &str, function: &str) -> Result<Self, Error> {
        let path = root().join(format!("events/{context}/{function}.json"));
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let event = serde_json::from_str(&text)
            .map_err(|error| Error::Content(format!("{}: {error}", path.display())))?;
        Ok(Self(event))
    }

    /// The same event with another value at this place. The place must exist, because a sample without it would be
    /// measured wrongly.
    pub(crate) fn with(mut self, pointer: &str, value: impl Into<Value>) -> Result<Self, Error> {
        let place = self.0.pointer_mut(pointer);
        *place.ok_or_else(|| Error::Content(format!("a sample has no {pointer}")))? = value.into();
        Ok(self)
    }

    pub(crate) fn with_header(self, name: &str, value: &str) -> Result<Self, Error> {
        self.with(&format!("/headers/{name}"), value)?
            .with(&format!("/multiValueHeaders/{name}"), json!([value]))
    }

    pub(crate) fn with_body(self, body: &Value) -> Result<Self, Error> {
        self.with("/body", body.to_string())
    }

    pub(crate) fn sent_from(self, address: &str) -> Result<Self, Error> {
        self.with("/requestContext/identity/sourceIp", address)?.with_header("X-Forwarded-For", address)
    }

    pub(crate) fn about(self, id: &str) -> Result<Self, Error> {
        self.with("/pathParameters/id", id)
    }

    /// The same event from this account, which has all permissions in its organization.
    pub(crate) fn by(self, organization: &str, account: &str) -> Result<Self, Error> {
        self.with("/requestContext/authorizer/sub", account)?
            .with("/requestContext/authorizer/principalId", account)?
            .with("/requestContext/authorizer/org_id", organization)?
            .with("/requestContext/authorizer/role", "admin")?
            // Some routes need a recent sign-in.
            .with("/requestContext/authorizer/auth_time", (xtask::local::now_millis() / 1000).to_string())
    }

    pub(crate) fn in_session(self, session: &str) -> Result<Self, Error> {
        self.with("/requestContext/authorizer/sid", session)
    }

    /// The body as JSON.
    pub(crate) fn body(&self) -> Value {
        self.0
            .get("body")
            .and_then(Value::as_str)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// The same event with other bus events in the messages of its queue.
    pub(crate) fn with_bus_events(mut self, mut change: impl FnMut(&mut Value)) -> Result<Self, Error> {
        let records = self.0.get_mut("Records").and_then(Value::as_array_mut);
        for record in records.ok_or_else(|| Error::Content("a sample has no Records".into()))? {
            let text = record.get("body").and_then(Value::as_str).unwrap_or_default();
            let mut body: Value =
                serde_json::from_str(text).map_err(|error| Error::Content(error.to_string()))?;
            if let Some(detail) = body.get_mut("detail") {
                change(detail);
            }
            if let Some(place) = record.get_mut("body") {
                *place = body.to_string().into();
            }
        }
        Ok(self)
    }
}

/// An identifier like `like` with another end.
pub(crate) fn another_id(like: &str, number: u32) -> String {
    let keep = like.len().saturating_sub(8);
    // Digits are part of the alphabet of identifiers, and the time and version of an identifier are at its beginning.
    format!("{}{number:08}", like.get(..keep).unwrap_or_default())
}
