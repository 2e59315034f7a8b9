//! Wires `relay-events` to AWS.

use adapter_dynamodb::RelayAttempts;
use adapter_eventbridge::EventBridgePublisher;
use adapter_sqs::SqsParkingLot;
use edge::stream::StreamHandler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::stream::run("relay-events", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let needs = application_platform::RelayEvents {
                publisher: Arc::new(EventBridgePublisher::new(
                    &base.aws,
                    base.settings.required("EVENT_BUS")?.to_owned(),
                )),
                attempts: Arc::new(RelayAttempts::new(
                    &base.aws,
                    base.settings.required("EPHEMERAL_TABLE")?.to_owned(),
                )),
                parking: Arc::new(SqsParkingLot::new(
                    &base.aws,
                    base.settings.required("PARKING_QUEUE_URL")?.to_owned(),
                )),
            };
            Ok(Box::new(relay_events::RelayEvents { needs }) as Box<dyn StreamHandler>)
        })
    })
}
