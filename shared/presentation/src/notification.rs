//! Notifications.

use contracts::notification::Notification as Body;
use domain::notification::{Notification, NotificationKind};
use serde_json::{Value, json};

/// A notification, as all routes of notifications answer it.
pub fn notification(notification: &Notification) -> Body {
    Body {
        id: notification.id.to_string(),
        kind: notification.kind.name().to_owned(),
        title: notification.kind.title(),
        params: params(&notification.kind),
        read_at: notification.read_at.map(|at| at.to_string()),
        created_at: notification.created_at.to_string(),
    }
}

fn params(kind: &NotificationKind) -> Value {
    match kind {
        NotificationKind::LeadScored { lead_id, score } => json!({"lead_id": lead_id, "score": score}),
        NotificationKind::SessionRevoked { session_id } => json!({"session_id": session_id}),
        NotificationKind::AiBudgetThresholdReached { month, percent } => {
            json!({"month": month, "percent": percent})
        }
    }
}
