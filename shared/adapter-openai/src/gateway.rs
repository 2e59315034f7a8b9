//! The calls to the server: one attempt each, bounded by the call's own time, which includes fetching the key.

use std::fmt;

use ports::{
    BoxFuture, EmbeddingCall, EmbeddingFailure, EmbeddingGateway, Embeddings, ModelAnswer, ModelCall,
    ModelError, ModelGateway, ModelStream, StreamingModelGateway, ToolNames,
};
use tokio::time::{Instant, timeout, timeout_at};

use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
use crate::settings::{InputTypeNames, OpenAiSettings, SettingsError};
use crate::{answer, embedding, request, stream};

const CHAT: &str = "/chat/completions";

/// Models behind one server that speaks OpenAI's wire format.
///
/// Each port has a vtable of its own, so a function that asks for whole completions links nothing of the other two
/// ports.
pub struct OpenAiGateway {
    endpoint: Endpoint,
    dialect: Dialect,
    input_types: Option<InputTypeNames>,
}

/// The key's source may hold secrets, so it is not shown.
impl fmt::Debug for OpenAiGateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OpenAiGateway")
            .field("dialect", &self.dialect)
            .field("input_types", &self.input_types)
            .finish_non_exhaustive()
    }
}

impl OpenAiGateway {
    /// A gateway with connections of its own. It does not connect yet.
    pub fn new(settings: OpenAiSettings) -> Result<Self, SettingsError> {
        let server = settings.check()?;
        let (dialect, input_types) = (server.dialect, server.input_types.clone());
        Ok(Self { endpoint: Endpoint::new(server)?, dialect, input_types })
    }
}

impl ModelGateway for OpenAiGateway {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(async move {
            let names = ToolNames::new(call, &self.dialect.names);
            let body = request::chat(call, &self.dialect, &names, false)?;
            // Dropping the request closes its connection, so that a late model stops costing as soon as possible.
            match timeout(call.time_left, self.endpoint.ask(CHAT, &body)).await {
                Err(_) => Err(ModelError::TimedOut),
                Ok(bytes) => answer::read(&bytes?, &names.tools),
            }
        })
    }
}

impl StreamingModelGateway for OpenAiGateway {
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        Box::pin(async move {
            let deadline = Instant::now() + call.time_left;
            let names = ToolNames::new(call, &self.dialect.names);
            let body = request::chat(call, &self.dialect, &names, true)?;
            match timeout_at(deadline, self.endpoint.post(CHAT, &body)).await {
                Err(_) => Err(ModelError::TimedOut),
                Ok(response) => Ok(stream::read(response?, names.tools, deadline)),
            }
        })
    }
}

impl EmbeddingGateway for OpenAiGateway {
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>> {
        let input_type = self.input_types.as_ref().map(|names| names.name(call.input_type));
        Box::pin(embedding::embed(&self.endpoint, call, input_type))
    }
}
