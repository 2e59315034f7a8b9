//! Wires `create-completion`: it needs nothing yet.

use create_completion::CreateCompletion;
use edge::Handler;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("create-completion", |_| {
        Box::pin(async {
            let handler: Box<dyn Handler> = Box::new(CreateCompletion);
            Ok(handler)
        })
    })
}
