//! The rules for the fields of a conversation.

use super::abilities::{missing, needed};
use super::completion::{CompletionRequest, LONGEST_USER};
use super::history::check_tool_history;
use super::registry::{Model, Provider};
use super::tool_calls::{check_allowed, check_tools};
use domain::field::{FieldChecks, InvalidFields, all_of};
use ports::{ContentBlock, Message, ReasoningContent};

/// The most characters of a model's name.
pub(super) const LONGEST_NAME: usize = 200;
/// The most characters of a text. The models' contexts are the real limit; this is longer than most of them.
pub(super) const LONGEST_TEXT: usize = 1_000_000;
/// The most turns of a conversation.
const MOST_MESSAGES: usize = 1000;
/// The most parts of all turns together.
const MOST_BLOCKS: usize = 3000;
/// The most texts that end a completion: Converse's own limit, and that of OpenAI's format.
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html>
const MOST_STOPS_ON_BEDROCK: usize = 2_500;
const MOST_STOPS_ELSEWHERE: usize = 4;
/// The most characters of a text that ends a completion.
const LONGEST_STOP: usize = 200;

/// Checks all fields beside the schema of the answer, for these models.
pub(super) fn check_fields(request: &CompletionRequest, models: &[&Model]) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if let Some(name) = &request.model {
        check.line("model", name, LONGEST_NAME);
    }
    let messages = &request.messages;
    if messages.is_empty() || messages.len() > MOST_MESSAGES {
        check.wrong("messages", "length", format!("must be 1 to {MOST_MESSAGES} messages"));
    }
    // Looking for the results of calls takes the square of their number.
    if messages.iter().map(|message| message.content.len()).sum::<usize>() > MOST_BLOCKS {
        check.wrong("messages", "length", format!("must have at most {MOST_BLOCKS} parts"));
        return check.finish(());
    }
    messages.iter().enumerate().for_each(|(at, message)| check_turn(&mut check, at, message));
    check.verbatim("system", &request.system, LONGEST_TEXT);
    check.verbatim("user", request.user.as_deref().unwrap_or_default(), LONGEST_USER);
    request.stop.iter().for_each(|stop| check.verbatim("stop", stop, LONGEST_STOP));
    let most = models.iter().map(|model| model.max_output_tokens).max().unwrap_or(u32::MAX);
    if request.max_tokens.is_some_and(|tokens| tokens == 0 || tokens > most) {
        check.wrong("max_tokens", "range", format!("must be 1 to {most} for this model"));
    }
    if request.temperature.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        check.wrong("temperature", "range", "must be 0 to 2");
    }
    if request.top_p.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        check.wrong("top_p", "range", "must be 0 to 1");
    }
    let stops = &request.stop;
    let blank = stops.iter().any(|stop| stop.trim().is_empty());
    if blank && models.iter().any(|model| model.no_blank_stops) {
        check.wrong("stop", "format", "must not be white space alone for this model");
    }
    let on_bedrock = models.iter().all(|model| model.provider == Provider::Bedrock);
    let most = if on_bedrock { MOST_STOPS_ON_BEDROCK } else { MOST_STOPS_ELSEWHERE };
    if stops.len() > most || stops.iter().any(|stop| stop.is_empty()) {
        check.wrong("stop", "length", format!("must be at most {most} texts for this model, none empty"));
    }
    let needs = needed(messages, &request.tools, request.output_schema.as_ref());
    let able = missing(&needs, models);
    check_allowed(&mut check, &request.tools, request.allowed_tools.as_deref());
    [check_tools(&request.tools), check_tool_history(messages), able]
        .into_iter()
        .fold(check.finish(()), all_of)
}

fn check_turn(check: &mut FieldChecks, at: usize, message: &Message) {
    let field = format!("messages.{at}.content");
    let has_text = |text: &str| !text.trim().is_empty();
    if !message.content.iter().any(|block| block.as_text().is_none_or(has_text)) {
        check.wrong(&field, "required", "must not be empty");
    }
    for block in message.content.iter().flat_map(ContentBlock::with_inner) {
        match block {
            ContentBlock::Text(text) => check.verbatim(&field, text, LONGEST_TEXT),
            ContentBlock::ToolCall(call) => check.verbatim(&field, &call.arguments, LONGEST_TEXT),
            ContentBlock::Reasoning(_)
            | ContentBlock::Image(_)
            | ContentBlock::Document(_)
            | ContentBlock::ToolResult(_) => {}
        }
    }
    for (place, block) in message.content.iter().enumerate() {
        if let ContentBlock::Reasoning(reasoning) = block {
            check_reasoning(check, &format!("{field}.{place}"), reasoning);
        }
    }
}

fn check_reasoning(check: &mut FieldChecks, field: &str, reasoning: &ReasoningContent) {
    match reasoning {
        ReasoningContent::Text { text, signature } => {
            check.verbatim(field, text, LONGEST_TEXT);
            check.verbatim(field, signature.as_deref().unwrap_or_default(), LONGEST_TEXT);
        }
        ReasoningContent::Redacted(data) => check.verbatim(field, data, LONGEST_TEXT),
    }
}
