//! Translates a call for Bedrock, in the same way for whole and for streamed answers. Every field of the port is sent
//! or refused; none is left out.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::converse::builders::ConverseFluentBuilder;
use aws_sdk_bedrockruntime::operation::converse_stream::builders::ConverseStreamFluentBuilder;
use aws_sdk_bedrockruntime::types;
use aws_smithy_types::{Document, Number};
use ports::{Guardrail, MappedNames, ModelCall, Reasoning};
use std::collections::HashMap;

use crate::raw_json::{InsertTexts, RawTexts};
use crate::{tools, turns};

/// A request, and what is needed to send it and to read its answer.
pub(crate) struct Request<B> {
    pub(crate) builder: B,
    /// Puts schemas and arguments into the request, in the caller's own order.
    pub(crate) texts: InsertTexts,
    /// The caller's names of tools.
    pub(crate) tools: MappedNames,
}

/// The parts that both operations take.
struct Parts {
    model: String,
    inference: types::InferenceConfiguration,
    system: Option<Vec<types::SystemContentBlock>>,
    messages: Vec<types::Message>,
    tool_config: Option<types::ToolConfiguration>,
    more: Option<Document>,
    guardrail: Option<Guardrail>,
    texts: InsertTexts,
    tools: MappedNames,
}

pub(crate) fn whole(client: &Client, call: &ModelCall) -> Result<Request<ConverseFluentBuilder>, BuildError> {
    let parts = parts(call)?;
    let guardrail = |guardrail: Guardrail| {
        types::GuardrailConfiguration::builder()
            .guardrail_identifier(guardrail.id)
            .guardrail_version(guardrail.version)
            .build()
    };
    let builder = client
        .converse()
        .model_id(parts.model)
        .inference_config(parts.inference)
        .set_system(parts.system)
        .set_messages(Some(parts.messages))
        .set_tool_config(parts.tool_config)
        .set_additional_model_request_fields(parts.more)
        .set_guardrail_config(parts.guardrail.map(guardrail));
    Ok(Request { builder, texts: parts.texts, tools: parts.tools })
}

pub(crate) fn streamed(
    client: &Client,
    call: &ModelCall,
) -> Result<Request<ConverseStreamFluentBuilder>, BuildError> {
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
    let builder = client
        .converse_stream()
        .model_id(parts.model)
        .inference_config(parts.inference)
        .set_system(parts.system)
        .set_messages(Some(parts.messages))
        .set_tool_config(parts.tool_config)
        .set_additional_model_request_fields(parts.more)
        .set_guardrail_config(parts.guardrail.map(guardrail));
    Ok(Request { builder, texts: parts.texts, tools: parts.tools })
}

fn parts(call: &ModelCall) -> Result<Parts, BuildError> {
    // All fields are named, without `..`, so that a new field does not compile until it is sent or refused.
    let ModelCall {
        model,
        system: instructions,
        messages,
        // The gateway drops calls after the first where only one may be made: Converse has no field for it.
        tools: _,
        reasoning,
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
        // Tools and schemas are written as the base model takes them.
        base_model: _,
    } = call;
    let inference = types::InferenceConfiguration::builder()
        .max_tokens(i32::try_from(*max_output_tokens).unwrap_or(i32::MAX))
        .set_temperature(*temperature)
        .set_top_p(*top_p)
        .set_stop_sequences((!stop.is_empty()).then(|| stop.clone()))
        .build();
    let mut raw = RawTexts::default();
    let names = tools::names(call);
    Ok(Parts {
        model: model.clone(),
        inference,
        system: system(instructions, *cache_instructions)?,
        messages: turns::turns(messages, &names, &mut raw)?,
        tool_config: tools::configuration(call, &names, &mut raw)?,
        more: reasoning.map(thinking),
        guardrail: guardrail.clone(),
        texts: raw.into_interceptor(),
        tools: names.tools,
    })
}

/// Claude's own fields for reasoning, which Converse passes on.
fn thinking(reasoning: Reasoning) -> Document {
    let object = |members: Vec<(&str, Document)>| {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        Document::Object(members.collect::<HashMap<_, _>>())
    };
    let text = |text: &str| Document::String(text.to_owned());
    match reasoning {
        Reasoning::Effort(effort) => object(vec![
            ("thinking", object(vec![("type", text("adaptive"))])),
            ("output_config", object(vec![("effort", text(effort.as_str()))])),
        ]),
        Reasoning::Tokens(tokens) => {
            let budget = Document::Number(Number::PosInt(u64::from(tokens)));
            object(vec![("thinking", object(vec![("type", text("enabled")), ("budget_tokens", budget)]))])
        }
    }
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
