//! Wires `get-health` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{HealthProbe, TableVariable};
use edge::Handler;
use get_health::GetHealth;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("get-health", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let store = HealthProbe::new(&aws, TableVariable::State.read()?);
            Ok(Box::new(GetHealth { store }) as Box<dyn Handler>)
        })
    })
}
