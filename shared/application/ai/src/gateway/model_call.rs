//! Builds the call to a provider.

use super::parts::AiGateway;
use crate::ask::{Conversation, GatewayRequest};
use crate::registry::{Model, Provider, ReasoningControl};
use crate::signed_reasoning::for_model;
use ports::{ContentBlock, Message, ModelCall, Reasoning, ReasoningEffort, Role, ToolChoice};

/// The fewest tokens of reasoning that Claude takes.
const LEAST_REASONING: u32 = 1024;

/// The call that sends the prompt to a model. Its time is set before each call.
pub(super) fn model_call(gateway: &AiGateway, model: &Model, ask: &GatewayRequest) -> ModelCall {
    let conversation = &ask.conversation;
    let family = model.reasoning_family();
    let mut messages = for_model(family, &conversation.messages);
    let reasoning = reasoning(model, conversation).filter(|reasoning| may_go_on(reasoning, &messages));
    // A model that is not to reason takes no earlier reasoning in the turn that is going on.
    if reasoning.is_none() && family.is_some() {
        messages = for_model(None, &messages);
    }
    // A model that reasons takes no samplers.
    let (temperature, top_p) = if reasoning.is_some() { (None, None) } else { samplers(model, conversation) };
    let kept = model.prompt_cache_from_tokens;
    ModelCall {
        model: model.provider_name().to_owned(),
        system: conversation.system.clone(),
        messages,
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

fn is_reasoning(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::Reasoning(_))
}

/// Takes earlier reasoning out of a call that the provider refused, so that it can be made once more; false when there was
/// none. A caller may send a signature that the provider no longer accepts, and would send it with each request of its
/// conversation.
pub(super) fn without_earlier_reasoning(call: &mut ModelCall) -> bool {
    if !call.messages.iter().any(|message| message.content.iter().any(is_reasoning)) {
        return false;
    }
    call.messages = for_model(None, &call.messages);
    call.reasoning = call.reasoning.filter(|reasoning| may_go_on(reasoning, &call.messages));
    true
}

/// The reasoning of a model that can be told. Claude does not reason when it is forced to call a tool.
fn reasoning(model: &Model, conversation: &Conversation) -> Option<Reasoning> {
    let effort = conversation.reasoning_effort?;
    let on_bedrock = model.provider == Provider::Bedrock;
    let forced = conversation.output_schema.is_some()
        || matches!(conversation.tools.choice, ToolChoice::Required | ToolChoice::Named(_));
    if on_bedrock && (forced || effort == ReasoningEffort::Minimal) {
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

/// Whether a model may reason in a turn that is going on after calls of tools. Claude with a budget must have begun that turn
/// with reasoning; told by a word, it may begin to reason at any time
/// (platform.claude.com/docs/en/build-with-claude/adaptive-thinking).
pub(super) fn may_go_on(reasoning: &Reasoning, messages: &[Message]) -> bool {
    let is_result = |block: &ContentBlock| matches!(block, ContentBlock::ToolResult(_));
    let goes_on = |turn: &&Message| turn.role == Role::Assistant || turn.content.iter().any(is_result);
    let going_on = messages.iter().rev().take_while(goes_on);
    let first = going_on.filter(|turn| turn.role == Role::Assistant).last();
    // Blank texts are not sent.
    let is_sent = |block: &&ContentBlock| block.says_something() || is_reasoning(block);
    let begun = first.is_none_or(|turn| turn.content.iter().find(is_sent).is_some_and(is_reasoning));
    match reasoning {
        Reasoning::Effort(_) => true,
        Reasoning::Tokens(_) => begun,
    }
}

/// The highest temperature of a model on Bedrock.
const HIGHEST_ON_BEDROCK: f32 = 1.0;

/// Temperature and `top_p` as near to those of the request as the model takes them. Clients of OpenAI's format do not know
/// which model answers: many send both samplers, and temperatures up to 2. A model that accepts only one gets the
/// temperature, unless that has its neutral value.
fn samplers(model: &Model, conversation: &Conversation) -> (Option<f32>, Option<f32>) {
    let on_bedrock = model.provider == Provider::Bedrock;
    let highest = if on_bedrock { HIGHEST_ON_BEDROCK } else { f32::INFINITY };
    let temperature = conversation.temperature.map(|temperature| temperature.min(highest));
    match (temperature, conversation.top_p) {
        (Some(temperature), Some(top_p)) if model.one_of_temperature_top_p => {
            let says_nothing = temperature == 1.0 && top_p < 1.0;
            if says_nothing { (None, Some(top_p)) } else { (Some(temperature), None) }
        }
        both => both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::ReasoningContent;

    #[test]
    fn a_blank_text_does_not_begin_a_turn() {
        let text = |text: &str| ContentBlock::Text(text.to_owned());
        let thought = || ContentBlock::Reasoning(ReasoningContent::Redacted("AQI=".to_owned()));
        for (content, begun) in [
            (vec![thought(), text("x")], true),
            (vec![text(""), text(" \n"), thought()], true),
            (vec![text("x"), thought()], false),
            (vec![text("")], false),
        ] {
            let messages = [Message::text(Role::User, "hi"), Message { role: Role::Assistant, content }];
            assert_eq!(may_go_on(&Reasoning::Tokens(1_024), &messages), begun, "{messages:?}");
            assert!(may_go_on(&Reasoning::Effort(ReasoningEffort::Low), &messages));
        }
    }
}
