//! Turns a whole completion into a response: the reasoning, a message if there is a text, and the calls of functions.

use crate::encrypted;
use crate::namespaces::Namespaces;
use crate::tools::{FUNCTION, is_openais};
use application_ai::GatewayAnswer;
use application_core::model_answer::AnswerHead;
use contracts::openai::ToolChoiceMode;
use contracts::openai::responses::{
    IncompleteDetails, InputTokensDetails, ModelResponse, OutputItem, OutputStatus, OutputText,
    OutputTokensDetails, ResponseReasoning, ResponseRequest, ResponseStatus, ResponseTool,
    ResponseToolChoice, ResponseUsage, SummaryPart, TextConfiguration, TextFormat, TextFormatKind,
};
use domain::ai::TokenCounts;
use ports::{ReasoningContent, StopReason, ToolCall};
use serde_json::{Map, Value};
use wiring_ai::{CustomTools, input_of};

/// The fields of a request that its answer repeats, and those that its answer needs.
pub(crate) struct EchoedFields {
    instructions: Option<String>,
    max_output_tokens: Option<u32>,
    metadata: Map<String, Value>,
    parallel_tool_calls: bool,
    reasoning: ResponseReasoning,
    temperature: Option<f32>,
    text: TextConfiguration,
    tool_choice: ResponseToolChoice,
    tools: Vec<ResponseTool>,
    top_p: Option<f32>,
    user: Option<String>,
    /// The functions in namespaces.
    pub(crate) namespaces: Namespaces,
}

impl EchoedFields {
    /// The fields of this request, with those that it left out.
    pub(crate) fn of(body: &ResponseRequest) -> Self {
        let any_text = TextFormat {
            kind: TextFormatKind::Text,
            name: None,
            schema: None,
            description: None,
            strict: None,
        };
        let mut text = body.text.clone().unwrap_or_default();
        text.format.get_or_insert(any_text);
        let automatic = ResponseToolChoice::Mode(ToolChoiceMode::Auto);
        Self {
            instructions: body.instructions.clone(),
            max_output_tokens: body.max_output_tokens,
            metadata: body.metadata.clone().unwrap_or_default(),
            parallel_tool_calls: body.parallel_tool_calls.unwrap_or(true),
            reasoning: body.reasoning.clone().unwrap_or_default(),
            temperature: body.temperature,
            text,
            tool_choice: body.tool_choice.clone().unwrap_or(automatic),
            // Callers see here that other tools were left out.
            tools: body.tools.iter().flatten().filter(|tool| !is_openais(&tool.kind)).map(echoed).collect(),
            top_p: body.top_p,
            user: body.user.clone(),
            namespaces: Namespaces::default(),
        }
    }

    /// Whether the request asks for the text of the reasoning, by the newer or the older member.
    pub(crate) fn shows_summary(&self) -> bool {
        let older = self.reasoning.rest.get("generate_summary");
        self.reasoning.summary.is_some() || older.is_some_and(|value| !value.is_null())
    }

    /// A response that has just begun.
    pub(crate) fn begun(&self, head: &AnswerHead, created_at: i64) -> ModelResponse {
        ModelResponse {
            id: format!("resp_{}", suffix(head)),
            object: "response".to_owned(),
            created_at,
            status: ResponseStatus::InProgress,
            background: false,
            error: None,
            incomplete_details: None,
            instructions: self.instructions.clone(),
            max_output_tokens: self.max_output_tokens,
            metadata: self.metadata.clone(),
            model: head.model.clone(),
            output: Vec::new(),
            parallel_tool_calls: self.parallel_tool_calls,
            previous_response_id: None,
            reasoning: self.reasoning.clone(),
            store: false,
            temperature: self.temperature,
            text: self.text.clone(),
            tool_choice: self.tool_choice.clone(),
            tools: self.tools.clone(),
            top_p: self.top_p,
            truncation: "disabled".to_owned(),
            usage: None,
            user: self.user.clone(),
        }
    }
}

/// The tool as answers have it: a function has all its members.
fn echoed(tool: &ResponseTool) -> ResponseTool {
    let mut tool = tool.clone();
    if tool.kind == FUNCTION {
        tool.parameters.get_or_insert(Value::Null);
        tool.strict.get_or_insert(false);
    }
    tool
}

/// The id of the request without its prefix, which the ids of all parts of its answer have.
pub(crate) fn suffix(head: &AnswerHead) -> String {
    let id = head.request_id.to_string();
    id.split_once('_').map_or(id.as_str(), |(_, suffix)| suffix).to_owned()
}

pub(crate) fn whole(
    echoed: &EchoedFields,
    custom: &CustomTools,
    answer: &GatewayAnswer,
    created_at: i64,
) -> ModelResponse {
    let suffix = suffix(&answer.head);
    let mut response = echoed.begun(&answer.head, created_at);
    for reasoning in &answer.reasoning {
        let place = response.output.len();
        let summary = match reasoning {
            ReasoningContent::Text { text, .. } if echoed.shows_summary() => Some(text.clone()),
            _ => None,
        };
        let content = encrypted::encoded(reasoning);
        response.output.push(reasoning_item(
            &suffix,
            place,
            summary.filter(|text| !text.is_empty()),
            content,
        ));
    }
    // As in a stream, an empty message stands only for an answer that has nothing else.
    let is_empty = response.output.is_empty() && answer.tool_calls.is_empty();
    if is_empty || !answer.text.is_empty() {
        let place = response.output.len();
        response.output.push(message(&suffix, place, answer.text.clone()));
    }
    for call in &answer.tool_calls {
        let ToolCall { id, name, arguments } = call.clone();
        let place = response.output.len();
        response.output.push(if custom.has(&name) {
            let names = echoed.namespaces.caller_names(name);
            custom_tool_call(&suffix, place, id, names, input_of(&arguments))
        } else {
            function_call(&suffix, place, id, echoed.namespaces.caller_names(name), arguments)
        });
    }
    end(&mut response, answer.stop, &answer.tokens, answer.reasoning_tokens);
    response
}

/// Whole reasoning at this place of the output.
pub(crate) fn reasoning_item(
    suffix: &str,
    place: usize,
    summary: Option<String>,
    encrypted_content: Option<String>,
) -> OutputItem {
    OutputItem::Reasoning {
        id: format!("rs_{suffix}_{place}"),
        status: OutputStatus::Completed,
        summary: summary.map(SummaryPart::of).into_iter().collect(),
        encrypted_content,
    }
}

/// A whole message at this place of the output.
pub(crate) fn message(suffix: &str, place: usize, text: String) -> OutputItem {
    OutputItem::Message {
        id: format!("msg_{suffix}_{place}"),
        status: OutputStatus::Completed,
        role: "assistant".to_owned(),
        content: vec![output_text(text)],
    }
}

fn output_text(text: String) -> OutputText {
    OutputText { kind: "output_text".to_owned(), text, annotations: Vec::new(), logprobs: Vec::new() }
}

/// A whole call at this place of the output, with the namespace and the name of its function.
pub(crate) fn function_call(
    suffix: &str,
    place: usize,
    call_id: String,
    (namespace, name): (Option<String>, String),
    arguments: String,
) -> OutputItem {
    let (id, status) = (format!("fc_{suffix}_{place}"), OutputStatus::Completed);
    OutputItem::FunctionCall { id, status, call_id, namespace, name, arguments }
}

/// A whole call of a custom tool at this place of the output.
pub(crate) fn custom_tool_call(
    suffix: &str,
    place: usize,
    call_id: String,
    (namespace, name): (Option<String>, String),
    input: String,
) -> OutputItem {
    let (id, status) = (format!("ctc_{suffix}_{place}"), OutputStatus::Completed);
    OutputItem::CustomToolCall { id, status, call_id, namespace, name, input }
}

/// Ends a response, whose last item is cut if the completion is.
pub(crate) fn end(
    response: &mut ModelResponse,
    stop: StopReason,
    tokens: &TokenCounts,
    reasoning_tokens: u64,
) {
    let reason = incomplete_reason(stop);
    response.status = reason.map_or(ResponseStatus::Completed, |_| ResponseStatus::Incomplete);
    response.incomplete_details = reason.map(|reason| IncompleteDetails { reason: reason.to_owned() });
    response.usage = Some(usage(tokens, reasoning_tokens));
    if let (Some(last), Some(_)) = (response.output.last_mut(), reason) {
        set_status(last, OutputStatus::Incomplete);
    }
}

/// The reason why a completion with this end is incomplete; `None` for a whole one.
pub(crate) fn incomplete_reason(stop: StopReason) -> Option<&'static str> {
    match stop {
        StopReason::MaxTokens | StopReason::Other => Some("max_output_tokens"),
        StopReason::Filtered => Some("content_filter"),
        StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolCalls | StopReason::Malformed => {
            None
        }
    }
}

pub(crate) fn set_status(item: &mut OutputItem, to: OutputStatus) {
    match item {
        OutputItem::Reasoning { status, .. }
        | OutputItem::Message { status, .. }
        | OutputItem::FunctionCall { status, .. }
        | OutputItem::CustomToolCall { status, .. } => *status = to,
    }
}

fn usage(tokens: &TokenCounts, reasoning_tokens: u64) -> ResponseUsage {
    let input_tokens = tokens.input + tokens.cache_read + tokens.cache_write;
    ResponseUsage {
        input_tokens,
        input_tokens_details: InputTokensDetails {
            cached_tokens: tokens.cache_read,
            cache_write_tokens: tokens.cache_write,
        },
        output_tokens: tokens.output,
        output_tokens_details: OutputTokensDetails { reasoning_tokens },
        total_tokens: input_tokens + tokens.output,
    }
}
