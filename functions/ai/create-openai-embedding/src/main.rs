//! Wires `create-openai-embedding` to AWS and to the configured servers.

use create_openai_embedding::CreateOpenaiEmbedding;
use edge::Handler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-openai-embedding", |_| {
        Box::pin(async move {
            let models = Models::read().await?;
            let (store, needs) = (models.store(), models.embeddings()?);
            Ok(Box::new(CreateOpenaiEmbedding { store, needs }) as Box<dyn Handler>)
        })
    })
}
