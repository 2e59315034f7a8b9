//! The calls to Bedrock: one attempt each, bounded by the call's own time.

use std::time::Duration;

use adapter_aws::{CallLimits, PostSigning, SdkConfig, with_limits};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::Builder;
use ports::{
    BoxFuture, EmbeddingCall, EmbeddingFailure, EmbeddingGateway, Embeddings, ModelAnswer, ModelCall,
    ModelError, ModelGateway, ModelStream, StreamingModelGateway,
};
use tokio::time::{Instant, timeout, timeout_at};

use crate::raw_json::WrittenArguments;
use crate::request::Request;
use crate::{answer, embedding, failure, request, stream};

/// No answer takes longer than this; the real bound of a call is its `time_left`. One attempt: see the crate's
/// documentation.
const LIMITS: CallLimits =
    CallLimits { attempt: Duration::from_secs(600), operation: Duration::from_secs(600), attempts: 1 };

/// Models on Bedrock. The model of a call is a model id, an inference profile's id or its ARN.
///
/// Each port has a vtable of its own, so a function that asks for whole completions links nothing of the other two
/// ports.
#[derive(Debug, Clone)]
pub struct BedrockGateway {
    client: Client,
}

impl BedrockGateway {
    /// A gateway with the configuration of the process, but with limits of its own: those of the process are for fast
    /// services.
    pub fn new(config: &SdkConfig) -> Self {
        let config = with_limits(config, LIMITS);
        let signing = PostSigning::new(&config, "bedrock");
        let builder = Builder::from(&config).push_auth_scheme(signing.clone()).interceptor(signing.clone());
        Self { client: Client::from_conf(builder.retry_classifier(signing).build()) }
    }

    async fn answer(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let Request { builder, texts, tools } =
            request::whole(&self.client, call).map_err(failure::unbuildable)?;
        let written = WrittenArguments::default();
        let request = builder.customize().interceptor(texts).interceptor(written.clone());
        // Dropping the request closes its connection, so that a late model stops costing as soon as possible.
        match timeout(call.time_left, request.send()).await {
            Err(_) => Err(ModelError::TimedOut),
            Ok(Err(error)) => Err(failure::of_call(error)),
            Ok(Ok(output)) => answer::read(output, &written.taken(), &tools),
        }
    }

    async fn stream(&self, call: &ModelCall) -> Result<ModelStream, ModelError> {
        let deadline = Instant::now() + call.time_left;
        let Request { builder, texts, tools } =
            request::streamed(&self.client, call).map_err(failure::unbuildable)?;
        let request = builder.customize().interceptor(texts);
        match timeout_at(deadline, request.send()).await {
            Err(_) => Err(ModelError::TimedOut),
            Ok(Err(error)) => Err(failure::of_call(error)),
            Ok(Ok(output)) => Ok(stream::read(output, tools, call.forced_schema().is_some(), deadline)),
        }
    }
}

impl ModelGateway for BedrockGateway {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(self.answer(call))
    }
}

impl StreamingModelGateway for BedrockGateway {
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        Box::pin(self.stream(call))
    }
}

impl EmbeddingGateway for BedrockGateway {
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>> {
        Box::pin(embedding::embed(&self.client, call))
    }
}
