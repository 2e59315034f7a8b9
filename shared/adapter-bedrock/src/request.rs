//! Translates a call for Bedrock, in the same way for whole and for streamed answers. Every field of the port is sent
//! or refused; none is left out.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::converse::builders::ConverseFluentBuilder;
use aws_sdk_bedrockruntime::operation::converse_stream::builders::ConverseStreamFluentBuilder;
use aws_sdk_bedrockruntime::types;
use ports::{Guardrail, Message, ModelCall, Role};
use serde_json::Value;

use crate::document;

/// The tool whose input is the structured answer.
pub(crate) const ANSWER_TOOL: &str = "answer";

/// The parts that both operations take.
struct Parts {
    model: String,
    inference: types::InferenceConfiguration,
    system: Option<Vec<types::SystemContentBlock>>,
    messages: Vec<types::Message>,
    tool: Option<types::ToolConfiguration>,
    guardrail: Option<Guardrail>,
}

pub(crate) fn whole(client: &Client, call: &ModelCall) -> Result<ConverseFluentBuilder, BuildError> {
    let parts = parts(call)?;
    let guardrail = |guardrail: Guardrail| {
        types::GuardrailConfiguration::builder()
            .guardrail_identifier(guardrail.id)
            .guardrail_version(guardrail.version)
            .build()
    };
    Ok(client
        .converse()
        .model_id(parts.model)
        .inference_config(parts.inference)
        .set_system(parts.system)
        .set_messages(Some(parts.messages))
        .set_tool_config(parts.tool)
        .set_guardrail_config(parts.guardrail.map(guardrail)))
}

pub(crate) fn streamed(client: &Client, call: &ModelCall) -> Result<ConverseStreamFluentBuilder, BuildError> {
    let parts = parts(call)?;
    let guardrail = |guardrail: Guardrail| {
        types::GuardrailStreamConfiguration::builder()
            .guardrail_identifier(guardrail.id)
            .guardrail_version(guardrail.version)
            // Text is sent only after the guardrail has seen it, so that nothing is shown that the guardrail would
            // stop.
            .stream_processing_mode(types::GuardrailStreamProcessingMode::Sync)
            .build()
    };
    Ok(client
        .converse_stream()
        .model_id(parts.model)
        .inference_config(parts.inference)
        .set_system(parts.system)
        .set_messages(Some(parts.messages))
        .set_tool_config(parts.tool)
        .set_guardrail_config(parts.guardrail.map(guardrail)))
}

fn parts(call: &ModelCall) -> Result<Parts, BuildError> {
    // All fields are named, without `..`, so that a new field does not compile until it is sent or refused.
    let ModelCall {
        model,
        system: instructions,
        messages,
        // The caller checks the answer against it.
        output_schema: _,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        cache_instructions,
        guardrail,
        // The time bounds the call from outside.
        time_left: _,
    } = call;
    let inference = types::InferenceConfiguration::builder()
        .max_tokens(i32::try_from(*max_output_tokens).unwrap_or(i32::MAX))
        .set_temperature(*temperature)
        .set_top_p(*top_p)
        .set_stop_sequences((!stop.is_empty()).then(|| stop.clone()))
        .build();
    Ok(Parts {
        model: model.clone(),
        inference,
        system: system(instructions, *cache_instructions)?,
        messages: messages.iter().map(message).collect::<Result<_, _>>()?,
        tool: call.forced_schema().map(answer_tool).transpose()?,
        guardrail: guardrail.clone(),
    })
}

/// Bedrock refuses a blank block. Without instructions there is no block, and nothing to cache.
fn system(instructions: &str, cached: bool) -> Result<Option<Vec<types::SystemContentBlock>>, BuildError> {
    if instructions.trim().is_empty() {
        return Ok(None);
    }
    let mut blocks = vec![types::SystemContentBlock::Text(instructions.to_owned())];
    if cached {
        // The prefix up to this block is cached. Claude and Nova both accept the block here. The tool, which is before
        // it in the prefix, is cached with it.
        let point = types::CachePointBlock::builder().r#type(types::CachePointType::Default).build()?;
        blocks.push(types::SystemContentBlock::CachePoint(point));
    }
    Ok(Some(blocks))
}

fn message(turn: &Message) -> Result<types::Message, BuildError> {
    let role = match turn.role {
        Role::User => types::ConversationRole::User,
        Role::Assistant => types::ConversationRole::Assistant,
    };
    types::Message::builder().role(role).content(types::ContentBlock::Text(turn.text.clone())).build()
}

/// The only tool, which the model is forced to call. Claude and Nova both constrain a forced tool's input to its
/// schema, while Converse's own output format (`outputConfig`) exists for some models only.
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
