//! Wires `create-completion` to AWS and to the configured servers.

use create_completion::CreateCompletion;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-completion", |settings| {
        Box::pin(async move {
            let models = Models::read(settings).await?;
            let (store, needs) = (models.store(), models.completions()?);
            let route = CreateCompletion { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
