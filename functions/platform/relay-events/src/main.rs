//! Wires `relay-events` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{RelayAttempts, TableVariable};
use adapter_eventbridge::EventBridgePublisher;
use adapter_sqs::SqsParkingLot;
use edge::stream::StreamHandler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::stream::run("relay-events", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let needs = application_platform::RelayEvents {
                publisher: Arc::new(EventBridgePublisher::new(
                    &aws,
                    settings.required("EVENT_BUS")?.to_owned(),
                )),
                attempts: Arc::new(RelayAttempts::new(&aws, TableVariable::Ephemeral.read()?)),
                parking: Arc::new(SqsParkingLot::new(
                    &aws,
                    settings.required("PARKING_QUEUE_URL")?.to_owned(),
                )),
            };
            Ok(Box::new(relay_events::RelayEvents { needs }) as Box<dyn StreamHandler>)
        })
    })
}
