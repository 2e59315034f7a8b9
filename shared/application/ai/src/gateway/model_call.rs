//! The question in a provider's terms.

use super::parts::AiGateway;
use crate::ask::{Ask, Conversation};
use crate::registry::{Model, Provider};
use ports::ModelCall;

/// The call that asks the question of a model. Its time is set before each call.
pub(super) fn model_call(gateway: &AiGateway, model: &Model, ask: &Ask) -> ModelCall {
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
        // Four bytes a token: instructions that are surely long enough; shorter ones a provider would refuse to keep.
        cache_instructions: kept.is_some_and(|least| conversation.system.len() as u64 / 4 >= least),
        // Only Bedrock has them, and the adapter of another provider refuses a call with one.
        guardrail: gateway.guardrail.clone().filter(|_| model.provider == Provider::Bedrock),
        time_left: std::time::Duration::ZERO,
    }
}

/// Temperature and `top_p` as the model takes them. Where it takes only one, the one that says what is so anyway is left out.
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
