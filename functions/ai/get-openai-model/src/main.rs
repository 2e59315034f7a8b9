//! Wires `get-openai-model` to AWS.

use get_openai_model::GetOpenaiModel;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("get-openai-model", |settings| {
        Box::pin(wiring_ai_models::read_route(settings, |store, registry| GetOpenaiModel { store, registry }))
    })
}
