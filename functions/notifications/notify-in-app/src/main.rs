//! Wires `notify-in-app` to AWS.

use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use notify_in_app::NotifyInApp;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::queue::run("notify-in-app", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let visibility = Box::new(SqsVisibility::new(&base.aws));
            Ok(Box::new(Consumer { handler: Box::new(NotifyInApp { store }), visibility }))
        })
    })
}
