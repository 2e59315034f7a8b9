//! Wires `create-embedding`: it needs nothing yet.

use create_embedding::CreateEmbedding;
use edge::Handler;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("create-embedding", |_| {
        Box::pin(async {
            let handler: Box<dyn Handler> = Box::new(CreateEmbedding);
            Ok(handler)
        })
    })
}
