//! Wires `create-openai-embedding` to AWS and to the configured servers.

use create_openai_embedding::CreateOpenaiEmbedding;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-openai-embedding", |settings| {
        Box::pin(async move {
            let models = Models::read(settings).await?;
            let (store, needs) = (models.store(), models.embeddings()?);
            let route = CreateOpenaiEmbedding { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
