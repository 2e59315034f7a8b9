//! Wires `list-openai-models` to AWS.

use list_openai_models::ListOpenaiModels;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("list-openai-models", |settings| {
        Box::pin(wiring_ai_models::read_route(settings, |store, registry| ListOpenaiModels {
            store,
            registry,
        }))
    })
}
