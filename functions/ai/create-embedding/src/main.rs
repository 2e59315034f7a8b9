//! Wires `create-embedding` to AWS and, where one is configured, to a server that speaks OpenAI's wire format.

use create_embedding::CreateEmbedding;
use edge::Handler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-embedding", |settings| {
        Box::pin(async move {
            let models = Models::read(&settings)?;
            let (store, needs) = (models.store(), models.embeddings());
            Ok(Box::new(CreateEmbedding { store, needs }) as Box<dyn Handler>)
        })
    })
}
