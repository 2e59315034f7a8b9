//! Wires `get-health` to AWS.

use adapter_dynamodb::HealthProbe;
use edge::Handler;
use get_health::GetHealth;
use std::process::ExitCode;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-health", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = HealthProbe::new(&base.aws, base.settings.required("STATE_TABLE")?.to_owned());
            Ok(Box::new(GetHealth { store }) as Box<dyn Handler>)
        })
    })
}
