//! Wires `count-message-tokens` to AWS.

use count_message_tokens::CountMessageTokens;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("count-message-tokens", |settings| {
        Box::pin(wiring_ai_models::read_route(settings, |store, registry| CountMessageTokens {
            store,
            registry,
        }))
    })
}
