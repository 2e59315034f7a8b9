//! Translates Converse to the OpenAI chat-completions format and back, for whole answers. The meaning must survive both
//! ways: a part without a counterpart is refused and never dropped.

mod answer;

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::wire::{
    ContentBlock, ConverseRequest, Message, Role, SystemBlock, ToolChoice, ToolEntry, ToolResult,
    ToolResultBlock, ToolSpec,
};

pub(crate) use answer::{ChatUsage, answer, stop_reason, tool_use_id};

/// The body of `POST /v1/chat/completions` for this request.
///
/// A request that forces a tool asks for JSON by that tool's schema (`response_format`) instead: several
/// OpenAI-compatible servers ignore `tool_choice`, while all of them constrain the output to a schema. The text of the
/// answer is then the tool's input.
pub(crate) fn chat_request(request: &ConverseRequest, model: &str, stream: bool) -> Result<Value, Failure> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), json!(messages(request)?));
    let inference = &request.inference_config;
    if let Some(max_tokens) = inference.max_tokens {
        body.insert("max_tokens".to_owned(), json!(max_tokens));
    }
    if let Some(temperature) = &inference.temperature {
        body.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(top_p) = &inference.top_p {
        body.insert("top_p".to_owned(), json!(top_p));
    }
    if !inference.stop_sequences.is_empty() {
        body.insert("stop".to_owned(), json!(inference.stop_sequences));
    }
    if let Some(tool) = request.forced_tool() {
        body.insert(
            "response_format".to_owned(),
            schema_format(&tool.name, tool.description.as_deref(), &tool.input_schema.json),
        );
    } else if let Some(config) = &request.tool_config {
        let tools = config.tools.iter().map(function).collect::<Result<Vec<_>, _>>()?;
        body.insert("tools".to_owned(), tools.into_iter().flatten().collect());
        let choice = match &config.tool_choice {
            Some(ToolChoice::Any(_)) => "required",
            Some(ToolChoice::Auto(_) | ToolChoice::Tool(_)) | None => "auto",
        };
        body.insert("tool_choice".to_owned(), json!(choice));
    }
    if let Some(format) = request.output_config.as_ref().and_then(|config| config.text_format.as_ref()) {
        if body.contains_key("response_format") {
            return Err(Failure::validation(
                "A forced tool and outputConfig.textFormat can't be forwarded together.",
            ));
        }
        let wanted = &format.structure.json_schema;
        let schema: Value = serde_json::from_str(&wanted.schema).map_err(|_| {
            Failure::validation("outputConfig.textFormat.structure.jsonSchema.schema is not JSON.")
        })?;
        let name = wanted.name.as_deref().unwrap_or("answer");
        body.insert(
            "response_format".to_owned(),
            schema_format(name, wanted.description.as_deref(), &schema),
        );
    }
    if stream {
        body.insert("stream".to_owned(), json!(true));
        body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    Ok(Value::Object(body))
}

fn schema_format(name: &str, description: Option<&str>, schema: &Value) -> Value {
    let mut json_schema = json!({ "name": name, "schema": schema });
    if let (Some(description), Value::Object(fields)) = (description, &mut json_schema) {
        fields.insert("description".to_owned(), json!(description));
    }
    json!({ "type": "json_schema", "json_schema": json_schema })
}

fn function(tool: &ToolEntry) -> Result<Option<Value>, Failure> {
    match tool {
        ToolEntry::ToolSpec(spec) => {
            let mut function = json!({ "name": spec.name, "parameters": spec.input_schema.json });
            if let (Some(description), Value::Object(fields)) = (&spec.description, &mut function) {
                fields.insert("description".to_owned(), json!(description));
            }
            Ok(Some(json!({ "type": "function", "function": function })))
        }
        ToolEntry::CachePoint(_) => Ok(None),
        ToolEntry::SystemTool(_) => Err(unsupported("systemTool")),
    }
}

fn messages(request: &ConverseRequest) -> Result<Vec<Value>, Failure> {
    let mut system = Vec::new();
    for block in &request.system {
        match block {
            SystemBlock::Text(text) => system.push(text.clone()),
            SystemBlock::CachePoint(_) => {}
            SystemBlock::GuardContent(_) => return Err(unsupported("guardContent")),
        }
    }
    if let Some(tool) = request.forced_tool() {
        system.push(forced_tool_instruction(tool));
    }
    let mut messages = Vec::new();
    if !system.is_empty() {
        messages.push(json!({ "role": "system", "content": system.join("\n\n") }));
    }
    for message in &request.messages {
        match message.role {
            Role::User => user_messages(message, &mut messages)?,
            Role::Assistant => messages.push(assistant_message(message)?),
        }
    }
    Ok(messages)
}

/// The schema in `response_format` constrains the output, but some servers do not show it to the model.
fn forced_tool_instruction(tool: &ToolSpec) -> String {
    let description = tool.description.as_deref().unwrap_or(&tool.name);
    format!(
        "Answer with the input of the tool `{}` ({description}): one JSON object that matches this JSON Schema, and \
         nothing else.\n{}",
        tool.name, tool.input_schema.json
    )
}

/// In this format tool results are messages of their own, which come before the user's text.
fn user_messages(message: &Message, out: &mut Vec<Value>) -> Result<(), Failure> {
    let mut texts = Vec::new();
    for block in &message.content {
        match block {
            ContentBlock::Text(text) => texts.push(text.as_str()),
            ContentBlock::ToolResult(result) => out.push(tool_message(result)?),
            ContentBlock::CachePoint(_) => {}
            other => return Err(unsupported(name_of(other))),
        }
    }
    match texts.as_slice() {
        [] => {}
        [text] => out.push(json!({ "role": "user", "content": text })),
        several => {
            let parts: Vec<Value> =
                several.iter().map(|text| json!({ "type": "text", "text": text })).collect();
            out.push(json!({ "role": "user", "content": parts }));
        }
    }
    Ok(())
}

fn tool_message(result: &ToolResult) -> Result<Value, Failure> {
    let mut content = Vec::new();
    // This format has no field for a failed tool result, so the model must read it in the text.
    if result.status.as_deref() == Some("error") {
        content.push("The tool failed:".to_owned());
    }
    for block in &result.content {
        match block {
            ToolResultBlock::Text(text) => content.push(text.clone()),
            ToolResultBlock::Json(value) => content.push(value.to_string()),
            ToolResultBlock::Image(_)
            | ToolResultBlock::Document(_)
            | ToolResultBlock::Video(_)
            | ToolResultBlock::SearchResult(_) => return Err(unsupported("toolResult with media")),
        }
    }
    Ok(json!({ "role": "tool", "tool_call_id": result.tool_use_id, "content": content.join("\n") }))
}

fn assistant_message(message: &Message) -> Result<Value, Failure> {
    let mut text = String::new();
    let mut calls = Vec::new();
    for block in &message.content {
        match block {
            ContentBlock::Text(piece) => text.push_str(piece),
            ContentBlock::ToolUse(tool) => calls.push(json!({
                "id": tool.tool_use_id,
                "type": "function",
                "function": { "name": tool.name, "arguments": tool.input.to_string() },
            })),
            ContentBlock::CachePoint(_) => {}
            other => return Err(unsupported(name_of(other))),
        }
    }
    let content = if text.is_empty() { Value::Null } else { json!(text) };
    let mut out = json!({ "role": "assistant", "content": content });
    if let (false, Value::Object(fields)) = (calls.is_empty(), &mut out) {
        fields.insert("tool_calls".to_owned(), calls.into());
    }
    Ok(out)
}

fn unsupported(what: &str) -> Failure {
    Failure::validation(format!("{what} can't be forwarded to the model behind this server."))
}

fn name_of(block: &ContentBlock) -> &'static str {
    match block {
        ContentBlock::Text(_) => "text",
        ContentBlock::ToolUse(_) => "toolUse",
        ContentBlock::ToolResult(_) => "toolResult",
        ContentBlock::CachePoint(_) => "cachePoint",
        ContentBlock::Image(_) => "image",
        ContentBlock::Document(_) => "document",
        ContentBlock::Video(_) => "video",
        ContentBlock::Audio(_) => "audio",
        ContentBlock::GuardContent(_) => "guardContent",
        ContentBlock::ReasoningContent(_) => "reasoningContent",
        ContentBlock::CitationsContent(_) => "citationsContent",
        ContentBlock::SearchResult(_) => "searchResult",
    }
}
