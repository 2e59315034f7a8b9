//! Wires `count-response-tokens` to AWS.

use count_response_tokens::CountResponseTokens;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("count-response-tokens", |settings| {
        Box::pin(wiring_ai_models::read_route(settings, |store, registry| CountResponseTokens {
            store,
            registry,
        }))
    })
}
