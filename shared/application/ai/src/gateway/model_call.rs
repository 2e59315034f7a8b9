//! Builds the call to a provider.

use super::parts::AiGateway;
use crate::ask::{Conversation, GatewayRequest};
use crate::registry::{Model, Provider};
use ports::ModelCall;

/// The call that sends the prompt to a model. Its time is set before each call.
pub(super) fn model_call(gateway: &AiGateway, model: &Model, ask: &GatewayRequest) -> ModelCall {
    let conversation = &ask.conversation;
    let (temperature, top_p) = samplers(model, conversation);
    let kept = model.prompt_cache_from_tokens;
    ModelCall {
        model: model.id.clone(),
        system: conversation.system.clone(),
        messages: conversation.messages.clone(),
        output_schema: conversation.output_schema.clone(),
        max_output_tokens: conversation.max_output_tokens.min(model.max_output_tokens),
        temperature,
        top_p,
        stop: conversation.stop.clone(),
        // Four bytes a token: instructions that are certainly long enough, because a provider refuses to cache shorter
        // ones.
        cache_instructions: kept.is_some_and(|least| conversation.system.len() as u64 / 4 >= least),
        // Only Bedrock has guardrails, and the other adapter refuses a call with one.
        guardrail: gateway.guardrail.clone().filter(|_| model.provider == Provider::Bedrock),
        time_left: std::time::Duration::ZERO,
    }
}

/// Temperature and `top_p` for the model. When it accepts only one of them, the one with its neutral value is left out.
fn samplers(model: &Model, conversation: &Conversation) -> (Option<f32>, Option<f32>) {
    match (conversation.temperature, conversation.top_p) {
        (Some(temperature), Some(top_p)) if model.one_of_temperature_top_p => {
            if top_p >= 1.0 {
                (Some(temperature), None)
            } else {
                (None, Some(top_p))
            }
        }
        both => both,
    }
}
