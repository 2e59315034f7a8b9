//! The body of a notification. It holds ids and facts, never personal data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A notification, as every route of notifications answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Id (`notification_…`).
    pub id: String,
    /// `lead_scored`, `session_revoked` or `ai_budget_threshold_reached`.
    pub kind: String,
    /// The kind as a text for people.
    pub title: String,
    /// An object with the ids and numbers of the kind, such as `lead_id` and `score`.
    pub params: Value,
    /// When it was marked as read, RFC 3339 in UTC; null while unread.
    pub read_at: Option<String>,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
}
