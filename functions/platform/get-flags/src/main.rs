//! Wires `get-flags` to AWS.

use application_platform::Flags;
use edge::{Authorized, Handler};
use get_flags::GetFlags;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-flags", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let configuration = wiring_configuration::follow(&base, None).await?;
            let limit = wiring_configuration::read_limit(&base, configuration.clone())?;
            let flags = Flags::new(configuration);
            let store = Arc::new(base.store()?);
            let route = GetFlags { store: store.clone(), flags };
            Ok(Box::new(Authorized::new(route, store, limit)) as Box<dyn Handler>)
        })
    })
}
