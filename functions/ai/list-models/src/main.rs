//! Wires `list-models` to AWS.

use list_models::ListModels;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("list-models", |settings| {
        Box::pin(wiring_ai_models::read_route(settings, |store, registry| ListModels { store, registry }))
    })
}
