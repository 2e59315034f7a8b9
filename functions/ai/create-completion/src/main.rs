//! Wires `create-completion` to AWS and, where one is configured, to a server that speaks OpenAI's wire format.

use create_completion::CreateCompletion;
use edge::Handler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-completion", |settings| {
        Box::pin(async move {
            let models = Models::read(&settings)?;
            let (store, needs) = (models.store(), models.completions(&settings)?);
            Ok(Box::new(CreateCompletion { store, needs }) as Box<dyn Handler>)
        })
    })
}
