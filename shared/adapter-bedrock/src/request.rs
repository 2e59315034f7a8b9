//! A call in Bedrock's terms. Everything the port asks for is sent or refused, nothing is left out.

use application::ports::{Message, ModelCall, Role};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::converse::builders::ConverseFluentBuilder;
use aws_sdk_bedrockruntime::types;
use serde_json::Value;

use crate::document;

/// The tool whose input is the structured answer.
pub(crate) const ANSWER_TOOL: &str = "answer";

pub(crate) fn build(client: &Client, call: &ModelCall) -> Result<ConverseFluentBuilder, BuildError> {
    let max_tokens = i32::try_from(call.max_output_tokens).unwrap_or(i32::MAX);
    let inference = types::InferenceConfiguration::builder()
        .max_tokens(max_tokens)
        .set_temperature(call.temperature)
        .set_top_p(call.top_p)
        .set_stop_sequences((!call.stop.is_empty()).then(|| call.stop.clone()))
        .build();
    let mut request = client.converse().model_id(&call.model).inference_config(inference);
    // Bedrock refuses a blank block; no instructions is no block.
    if !call.system.trim().is_empty() {
        request = request.system(types::SystemContentBlock::Text(call.system.clone()));
    }
    for turn in &call.messages {
        request = request.messages(message(turn)?);
    }
    match &call.output_schema {
        Some(schema) => Ok(request.tool_config(answer_tool(schema)?)),
        None => Ok(request),
    }
}

fn message(turn: &Message) -> Result<types::Message, BuildError> {
    let role = match turn.role {
        Role::User => types::ConversationRole::User,
        Role::Assistant => types::ConversationRole::Assistant,
    };
    types::Message::builder().role(role).content(types::ContentBlock::Text(turn.text.clone())).build()
}

/// One tool that the model is forced to call. Claude and Nova both constrain a forced tool's input to its schema, while
/// Converse's own output format (`outputConfig`) exists for a part of the models only.
fn answer_tool(schema: &Value) -> Result<types::ToolConfiguration, BuildError> {
    let tool = types::ToolSpecification::builder()
        .name(ANSWER_TOOL)
        .description("Takes the whole answer. Call it exactly once.")
        .input_schema(types::ToolInputSchema::Json(document::from_json(schema)))
        .build()?;
    let choice = types::SpecificToolChoice::builder().name(ANSWER_TOOL).build()?;
    types::ToolConfiguration::builder()
        .tools(types::Tool::ToolSpec(tool))
        .tool_choice(types::ToolChoice::Tool(choice))
        .build()
}
