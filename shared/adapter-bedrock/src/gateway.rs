//! The call itself: one request, bounded by the call's own time.

use std::time::Duration;

use adapter_aws::{CallLimits, SdkConfig, with_limits};
use application::ports::{BoxFuture, ModelAnswer, ModelCall, ModelError, ModelGateway};
use aws_sdk_bedrockruntime::Client;

use crate::{answer, failure, request};

/// No answer takes longer; what a call may really take is its own `time_left`. One attempt: see the crate.
const LIMITS: CallLimits =
    CallLimits { attempt: Duration::from_secs(600), operation: Duration::from_secs(600), attempts: 1 };

/// Models on Bedrock. `ModelCall::model` is a model id, an inference profile's id or its ARN.
#[derive(Debug, Clone)]
pub struct BedrockGateway {
    client: Client,
}

impl BedrockGateway {
    /// A gateway on the process's configuration, whose limits for quick services it replaces by its own.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(&with_limits(config, LIMITS)) }
    }

    async fn call(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let request = request::build(&self.client, call).map_err(failure::unbuildable)?;
        // Dropping the request closes its connection, so a model that is late stops costing as soon as it can.
        match tokio::time::timeout(call.time_left, request.send()).await {
            Err(_) => Err(ModelError::TimedOut),
            Ok(Err(error)) => Err(failure::of_call(error)),
            Ok(Ok(output)) => answer::read(output),
        }
    }
}

impl ModelGateway for BedrockGateway {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(self.call(call))
    }
}
