//! Turns events that a person should know of into notifications of that person.

use application_core::Context;
use application_notifications::{Cause, notify_in_app};
use contracts::event_message::EventMessage;
use domain::ai::ThresholdReached;
use domain::id::{AccountId, LeadId};
use domain::identity::Revocation;
use domain::notification::NotificationKind;
use edge::JobError;
use edge::queue::EventHandler;
use ports::{BoxFuture, Store};
use serde::Deserialize;
use std::sync::Arc;

/// The handler and its ports.
pub struct NotifyInApp {
    /// Loads and commits notifications.
    pub store: Arc<dyn Store>,
}

/// The facts that are read of `lead_scored`.
#[derive(Deserialize)]
struct LeadScored {
    lead_id: LeadId,
    owner_id: AccountId,
    score: Option<u8>,
}

/// The facts that are read of `session_revoked`.
#[derive(Deserialize)]
struct SessionRevoked {
    account_id: AccountId,
    reason: Revocation,
}

impl EventHandler for NotifyInApp {
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            if let Some(cause) = cause(event)? {
                notify_in_app(self.store.as_ref(), context, cause).await?;
            }
            Ok(())
        })
    }
}

/// The recipient and the text of the notification; `None` for events without one.
fn cause(event: &EventMessage) -> Result<Option<Cause>, JobError> {
    let malformed = |_| JobError::Malformed("data");
    let (recipient, kind) = match event.event_type.as_str() {
        "lead_scored" => {
            let facts = LeadScored::deserialize(&event.data).map_err(malformed)?;
            (facts.owner_id, NotificationKind::LeadScored { lead_id: facts.lead_id, score: facts.score })
        }
        "session_revoked" => {
            let facts = SessionRevoked::deserialize(&event.data).map_err(malformed)?;
            // Only the end for a suspicion of theft is news. Whoever signed out or ended it knows it.
            if facts.reason != Revocation::RefreshTokenReuse {
                return Ok(None);
            }
            let session_id = event.aggregate_id.parse().map_err(|_| JobError::Malformed("aggregate_id"))?;
            (facts.account_id, NotificationKind::SessionRevoked { session_id })
        }
        "ai_budget_threshold_reached" => {
            let facts = ThresholdReached::deserialize(&event.data).map_err(malformed)?;
            // Without an account that set the budget there is no recipient.
            let Some(recipient) = facts.set_by else { return Ok(None) };
            let (month, percent) = (facts.month, facts.percent);
            (recipient, NotificationKind::AiBudgetThresholdReached { month, percent })
        }
        _ => return Ok(None),
    };
    Ok(Some(Cause {
        tenant: event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?,
        event_id: event.event_id.parse().map_err(|_| JobError::Malformed("event_id"))?,
        recipient,
        kind,
    }))
}
