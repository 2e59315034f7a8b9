//! Builds the call to a provider.

use super::parts::AiGateway;
use crate::ask::{Conversation, GatewayRequest};
use crate::registry::{Model, Provider, ReasoningControl};
use ports::{ContentBlock, ModelCall, Reasoning, ReasoningEffort, Role, ToolChoice};

/// The fewest tokens of reasoning that Claude takes.
const LEAST_REASONING: u32 = 1024;

/// The call that sends the prompt to a model. Its time is set before each call.
pub(super) fn model_call(gateway: &AiGateway, model: &Model, ask: &GatewayRequest) -> ModelCall {
    let conversation = &ask.conversation;
    let reasoning = reasoning(model, conversation);
    // A model that reasons takes no samplers.
    let (temperature, top_p) = if reasoning.is_some() { (None, None) } else { samplers(model, conversation) };
    let kept = model.prompt_cache_from_tokens;
    ModelCall {
        model: model.provider_name().to_owned(),
        system: conversation.system.clone(),
        messages: conversation.messages.clone(),
        tools: conversation.tools.clone(),
        reasoning,
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
        base_model: model.base_model.clone(),
    }
}

/// The reasoning of a model that can be told. Claude does not reason when it is forced to call a tool, nor after a call
/// whose reasoning is not part of the conversation.
fn reasoning(model: &Model, conversation: &Conversation) -> Option<Reasoning> {
    let effort = conversation.reasoning_effort?;
    let on_bedrock = model.provider == Provider::Bedrock;
    let forced = conversation.output_schema.is_some()
        || matches!(conversation.tools.choice, ToolChoice::Required | ToolChoice::Named(_));
    let goes_on = conversation.messages.iter().rev().find(|turn| turn.role == Role::Assistant);
    let called = goes_on.is_some_and(|turn| turn.content.iter().any(ContentBlock::is_about_tools));
    if on_bedrock && (forced || called || effort == ReasoningEffort::Minimal) {
        return None;
    }
    match model.reasoning? {
        ReasoningControl::Effort => Some(Reasoning::Effort(effort)),
        ReasoningControl::Budget => {
            let wanted = match effort {
                ReasoningEffort::Minimal | ReasoningEffort::Low => LEAST_REASONING,
                ReasoningEffort::Medium => LEAST_REASONING * 4,
                ReasoningEffort::High => LEAST_REASONING * 16,
            };
            // Half of the completion at most, so that there is room for the answer.
            let most = conversation.max_output_tokens.min(model.max_output_tokens) / 2;
            (most >= LEAST_REASONING).then(|| Reasoning::Tokens(wanted.min(most)))
        }
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
