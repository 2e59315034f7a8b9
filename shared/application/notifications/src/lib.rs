//! In-app notifications.

mod list_notifications;
mod mark_notification_read;
mod notify_in_app;

pub use list_notifications::list_notifications;
pub use mark_notification_read::mark_notification_read;
pub use notify_in_app::{Cause, notify_in_app};
