//! Wires `create-openai-embedding`: it needs nothing yet.

use create_openai_embedding::CreateOpenaiEmbedding;
use edge::Handler;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("create-openai-embedding", |_| {
        Box::pin(async {
            let handler: Box<dyn Handler> = Box::new(CreateOpenaiEmbedding);
            Ok(handler)
        })
    })
}
