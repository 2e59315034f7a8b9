//! Wires `create-openai-embedding` to AWS and, where one is configured, to a server that speaks OpenAI's wire format.

use create_openai_embedding::CreateOpenaiEmbedding;
use edge::Handler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::http::run("create-openai-embedding", |settings| {
        Box::pin(async move {
            let models = Models::read(&settings)?;
            let (store, needs) = (models.store(), models.embeddings());
            Ok(Box::new(CreateOpenaiEmbedding { store, needs }) as Box<dyn Handler>)
        })
    })
}
