//! Wires `create-embedding` to AWS and to the configured servers.

use create_embedding::CreateEmbedding;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-embedding", |settings| {
        Box::pin(async move {
            let models = Models::read(settings).await?;
            let (store, needs) = (models.store(), models.embeddings()?);
            let route = CreateEmbedding { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
