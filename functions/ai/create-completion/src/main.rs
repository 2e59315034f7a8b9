//! Wires `create-completion` to AWS and to the configured servers.

use create_completion::CreateCompletion;
use edge::Handler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-completion", |_| {
        Box::pin(async move {
            let models = Models::read().await?;
            let (store, needs) = (models.store(), models.completions()?);
            Ok(Box::new(CreateCompletion { store, needs }) as Box<dyn Handler>)
        })
    })
}
