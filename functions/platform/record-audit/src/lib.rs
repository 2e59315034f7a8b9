//! Adds every event that its rule lets through to the audit log of its organization: all except `ai_request_metered`.

use application_core::Context;
use contracts::event_message::EventMessage;
use domain::Timestamp;
use domain::event::SECRET_FACTS;
use edge::JobError;
use edge::queue::EventHandler;
use ports::{AuditEntry, AuditLog, BoxFuture};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The handler and its ports.
pub struct RecordAudit {
    /// Appends entries to the audit log.
    pub log: Arc<dyn AuditLog>,
}

impl EventHandler for RecordAudit {
    fn handle<'a>(&'a self, event: &'a EventMessage, _: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            self.log.append(&entry(event)?).await?;
            Ok(())
        })
    }
}

/// The facts that are read of `access_denied`.
#[derive(Deserialize)]
struct AccessDenied {
    permission: String,
    resource_type: String,
    resource_id: String,
}

/// The fields of `login_failed` that are used.
#[derive(Deserialize)]
struct LoginFailed {
    account_id: Option<String>,
}

/// The action of an entry, and the type and id of its object.
fn action(event: &EventMessage) -> Result<(String, String, String), JobError> {
    let malformed = |_| JobError::Malformed("data");
    let own = || (event.event_type.clone(), event.aggregate_type.clone(), event.aggregate_id.clone());
    Ok(match event.event_type.as_str() {
        // The event's own aggregate is the refusal; the entry must name the thing that was refused.
        "access_denied" => {
            let facts = AccessDenied::deserialize(&event.data).map_err(malformed)?;
            (format!("{}:{}", event.event_type, facts.permission), facts.resource_type, facts.resource_id)
        }
        // The account, if the address belongs to one.
        "login_failed" => {
            let facts = LoginFailed::deserialize(&event.data).map_err(malformed)?;
            facts.account_id.map_or_else(own, |id| (event.event_type.clone(), "account".to_owned(), id))
        }
        _ => own(),
    })
}

fn entry(event: &EventMessage) -> Result<AuditEntry, JobError> {
    let (action, resource_type, resource_id) = action(event)?;
    Ok(AuditEntry {
        event_id: event.event_id.parse().map_err(|_| JobError::Malformed("event_id"))?,
        tenant: event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?,
        action,
        actor: event.actor.clone(),
        resource_type,
        resource_id,
        occurred_at: Timestamp::parse(&event.occurred_at).map_err(|_| JobError::Malformed("occurred_at"))?,
        correlation_id: event.correlation_id.clone(),
        details: details(&event.data),
    })
}

/// The most bytes of an entry's details, as JSON. A longer list or object of an event is left out, and the event itself
/// has it.
const LONGEST_DETAILS: usize = 8 * 1024;

/// The facts of the event. They never hold personal data; facts that could prove a session are left out by the relay, and
/// here again.
fn details(data: &Value) -> Value {
    let Value::Object(facts) = data else { return Map::new().into() };
    let is_short = data.to_string().len() <= LONGEST_DETAILS;
    let keeps = |(name, value): &(&String, &Value)| {
        let is_plain = !value.is_array() && !value.is_object();
        !SECRET_FACTS.contains(&name.as_str()) && (is_short || is_plain && value.to_string().len() <= 500)
    };
    let kept = facts.iter().filter(keeps).map(|(name, value)| (name.clone(), value.clone()));
    kept.collect::<Map<_, _>>().into()
}
