//! The turns of a conversation in OpenAI's format. Results of tools are turns of their own there. Reasoning is left out: the
//! format has no member for it, and servers refuse one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::{ContentBlock, Document, Image, Message, Role, ToolCall, ToolNames, ToolResult};
use serde_json::{Map, Value, json};

pub(crate) fn turns(system: &str, messages: &[Message], names: &ToolNames) -> Value {
    let system = (!system.trim().is_empty()).then(|| json!({ "role": "system", "content": system }));
    let mut sent: Vec<Value> = system.into_iter().collect();
    for message in messages {
        match message.role {
            Role::User => user(&message.content, names, &mut sent),
            Role::Assistant => sent.push(assistant(&message.content, names)),
        }
    }
    Value::Array(sent)
}

/// A turn of the caller. Results of tools come first, as the format demands; pictures in them follow as a turn of the
/// caller, because a result takes text alone.
fn user(content: &[ContentBlock], names: &ToolNames, sent: &mut Vec<Value>) {
    let mut rest = Vec::new();
    for block in content {
        match block {
            ContentBlock::ToolResult(ToolResult { call_id, content, is_error: _ }) => {
                let text = Message { role: Role::User, content: content.clone() }.joined_text();
                let call_id = names.calls.to_provider(call_id);
                sent.push(json!({ "role": "tool", "tool_call_id": call_id, "content": text }));
                rest.extend(content.iter().filter(|inner| inner.as_text().is_none()));
            }
            ContentBlock::Reasoning(_) | ContentBlock::ToolCall(_) => {}
            other => rest.push(other),
        }
    }
    if !rest.is_empty() {
        sent.push(json!({ "role": "user", "content": parts(&rest) }));
    }
}

fn assistant(content: &[ContentBlock], names: &ToolNames) -> Value {
    let mut turn = Map::new();
    turn.insert("role".to_owned(), json!("assistant"));
    let said: Vec<&ContentBlock> = content.iter().filter(|block| block.as_text().is_some()).collect();
    let said = if said.is_empty() { Value::Null } else { parts(&said) };
    turn.insert("content".to_owned(), said);
    let calls: Vec<Value> = content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolCall(ToolCall { id, name, arguments }) => Some(json!({
                "id": names.calls.to_provider(id), "type": "function",
                "function": { "name": names.tools.to_provider(name), "arguments": arguments },
            })),
            _ => None,
        })
        .collect();
    if !calls.is_empty() {
        turn.insert("tool_calls".to_owned(), Value::Array(calls));
    }
    Value::Object(turn)
}

/// One text as a text, which every server takes; anything else as parts.
fn parts(blocks: &[&ContentBlock]) -> Value {
    if let [ContentBlock::Text(text)] = blocks {
        return json!(text);
    }
    let part = |block: &&ContentBlock| match block {
        ContentBlock::Text(text) => Some(json!({ "type": "text", "text": text })),
        ContentBlock::Image(Image { format, data }) => {
            let url = data_url(&format!("image/{}", format.as_str()), data);
            Some(json!({ "type": "image_url", "image_url": { "url": url } }))
        }
        ContentBlock::Document(document) => Some(file(document)),
        ContentBlock::Reasoning(_) | ContentBlock::ToolCall(_) | ContentBlock::ToolResult(_) => None,
    };
    Value::Array(blocks.iter().filter_map(part).collect())
}

/// A document. Text is sent as text, because servers take files in PDF alone.
fn file(Document { name, format, data }: &Document) -> Value {
    match std::str::from_utf8(data) {
        Ok(text) if format.is_text() => json!({ "type": "text", "text": format!("{name}:\n{text}") }),
        _ => {
            let file_name = format!("{name}.{}", format.as_str());
            let file_data = data_url(format.media_type(), data);
            json!({ "type": "file", "file": { "filename": file_name, "file_data": file_data } })
        }
    }
}

fn data_url(media_type: &str, data: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(data))
}
