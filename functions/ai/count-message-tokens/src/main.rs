//! Wires `count-message-tokens` to AWS.

use application_ai::Registry;
use count_message_tokens::CountMessageTokens;
use edge::{Authorized, Handler};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("count-message-tokens", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let shipped = Registry::shipped()?;
            let configuration = wiring_configuration::follow(&base, Some(shipped.catalog())).await?;
            let limit = wiring_configuration::read_limit(&base, configuration.clone())?;
            let registry =
                shipped.following(configuration, base.at.region.clone(), base.at.has_own_bedrock())?;
            let store = Arc::new(base.store()?);
            let route = CountMessageTokens { store: store.clone(), registry };
            Ok(Box::new(Authorized::new(route, store, limit)) as Box<dyn Handler>)
        })
    })
}
