//! Several servers, each with its own models.

use crate::gateway::OpenAiGateway;
use ports::{
    BoxFuture, EmbeddingCall, EmbeddingFailure, EmbeddingGateway, Embeddings, ModelAnswer, ModelCall,
    ModelError, ModelGateway, ModelStream, StreamingModelGateway,
};
use std::collections::HashMap;
use std::sync::Arc;

/// The servers by the models that they serve.
///
/// Each port has its own vtable, so a function that asks for whole answers links nothing of the other two.
#[derive(Debug, Default)]
pub struct OpenAiProviders(HashMap<String, Arc<OpenAiGateway>>);

impl OpenAiProviders {
    /// Adds a server for these models and no others.
    pub fn add(&mut self, server: OpenAiGateway, models: &[String]) {
        let server = Arc::new(server);
        self.0.extend(models.iter().map(|model| (model.clone(), Arc::clone(&server))));
    }

    fn server(&self, model: &str) -> Result<&OpenAiGateway, ModelError> {
        self.0.get(model).map(Arc::as_ref).ok_or(ModelError::NoSuchModel)
    }
}

impl ModelGateway for OpenAiProviders {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        match self.server(&call.model) {
            Ok(server) => server.converse(call),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }
}

impl StreamingModelGateway for OpenAiProviders {
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        match self.server(&call.model) {
            Ok(server) => server.converse_stream(call),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }
}

impl EmbeddingGateway for OpenAiProviders {
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>> {
        match self.server(&call.model) {
            Ok(server) => server.embed(call),
            Err(error) => {
                let vectors = vec![None; call.texts.len()];
                Box::pin(async { Err(EmbeddingFailure { error, vectors, input_tokens: Some(0) }) })
            }
        }
    }
}
