//! Wires `list-openai-models`: it needs nothing yet.

use edge::Handler;
use list_openai_models::ListOpenaiModels;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("list-openai-models", |_| {
        Box::pin(async {
            let handler: Box<dyn Handler> = Box::new(ListOpenaiModels);
            Ok(handler)
        })
    })
}
