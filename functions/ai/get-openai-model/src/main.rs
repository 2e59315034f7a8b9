//! Wires `get-openai-model` to AWS.

use application_ai::Registry;
use edge::{Authorized, Handler};
use get_openai_model::GetOpenaiModel;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-openai-model", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let shipped = Registry::shipped()?;
            let configuration = wiring_configuration::follow(&base, Some(shipped.catalog())).await?;
            let limit = wiring_configuration::read_limit(&base, configuration.clone())?;
            let registry =
                shipped.following(configuration, base.at.region.clone(), base.at.has_own_bedrock())?;
            let store = Arc::new(base.store()?);
            let route = GetOpenaiModel { store: store.clone(), registry };
            Ok(Box::new(Authorized::new(route, store, limit)) as Box<dyn Handler>)
        })
    })
}
