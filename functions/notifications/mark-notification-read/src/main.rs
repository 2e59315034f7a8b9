//! Wires `mark-notification-read` to AWS.

use edge::{Authorized, Handler, Uncounted};
use mark_notification_read::MarkNotificationRead;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("mark-notification-read", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = MarkNotificationRead { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
