//! In-app notifications.

#[allow(clippy::module_inception, reason = "the file is named for the aggregate it holds")]
mod notification;

pub use notification::{
    Notification, NotificationEvent, NotificationKind, create_notification, mark_notification_read,
};
