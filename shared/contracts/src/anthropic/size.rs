//! The size of a prompt in Anthropic's format. Nothing is checked here: a block of an unknown kind counts as its JSON text.

use super::content::{InputBlock, InputContent};
use super::options::JsonOutputFormat;
use super::request::{MessageTokensRequest, MessageTurn};
use super::tools::MessageTool;
use crate::prompt_parts::{of_document, of_json, of_text_member, of_tool};
use domain::ai::PromptSize;
use serde_json::{Map, Value};

impl MessageTokensRequest {
    /// The size of the whole prompt.
    pub fn size(&self) -> PromptSize {
        let turns: PromptSize = self.messages.iter().map(MessageTurn::size).sum();
        let system = self.system.as_ref().map(InputContent::size).unwrap_or_default().in_turn();
        let tools: PromptSize = self.tools.iter().flatten().map(of_tool).sum();
        let format = self.output_config.as_ref().and_then(|config| config.get("format"));
        let format = format.or(self.output_format.as_ref()).filter(|format| !format.is_null());
        turns + system + tools + format.map(of_tool).unwrap_or_default()
    }
}

impl MessageTurn {
    /// The size of the turn.
    pub fn size(&self) -> PromptSize {
        self.content.size().in_turn()
    }
}

impl InputContent {
    /// The size of a text or of blocks.
    pub fn size(&self) -> PromptSize {
        match self {
            Self::Text(text) => PromptSize::of_text(text),
            Self::Blocks(blocks) => blocks.iter().map(InputBlock::size).sum(),
        }
    }
}

impl InputBlock {
    /// The size of the block.
    pub fn size(&self) -> PromptSize {
        of_block(&self.kind, &self.members)
    }
}

impl JsonOutputFormat {
    /// The size of the schema of the answer.
    pub fn size(&self) -> PromptSize {
        of_tool(self)
    }
}

impl MessageTool {
    /// The size of the tool.
    pub fn size(&self) -> PromptSize {
        of_tool(self)
    }
}

fn of_block(kind: &str, members: &Map<String, Value>) -> PromptSize {
    match (kind, members.get("source"), members.get("content")) {
        ("text", ..) => of_text_member(members, "text"),
        ("image", ..) => PromptSize { images: 1, ..PromptSize::default() }.in_block(),
        ("document", Some(Value::Object(source)), _) => {
            let told = of_text_member(members, "title") + of_text_member(members, "context");
            (of_source(source) + told).in_block()
        }
        ("tool_result", _, content) => content.map(of_content).unwrap_or_default().in_block(),
        _ => of_json(members).in_block(),
    }
}

/// The source of a document.
fn of_source(source: &Map<String, Value>) -> PromptSize {
    match (source.get("type").and_then(Value::as_str), source.get("data"), source.get("content")) {
        (Some("base64"), Some(Value::String(data)), _) => of_document(data),
        (Some("text"), Some(Value::String(text)), _) => PromptSize::of_text(text),
        (Some("content"), _, Some(content)) => of_content(content),
        _ => PromptSize { linked_documents: 1, ..PromptSize::default() },
    }
}

/// A text or blocks within a block.
fn of_content(content: &Value) -> PromptSize {
    match content {
        Value::String(text) => PromptSize::of_text(text),
        Value::Array(blocks) => blocks.iter().map(of_inner).sum(),
        _ => PromptSize::default(),
    }
}

fn of_inner(block: &Value) -> PromptSize {
    match (block.as_object(), block.get("type").and_then(Value::as_str)) {
        (Some(members), Some(kind)) => of_block(kind, members),
        _ => of_json(block),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn size(body: Value) -> PromptSize {
        serde_json::from_value::<MessageTokensRequest>(body).unwrap().size()
    }

    fn of_blocks(blocks: Value) -> PromptSize {
        size(json!({"model": "m", "messages": [{"role": "user", "content": blocks}]}))
    }

    #[test]
    fn every_part_of_a_prompt_counts() {
        let nothing = PromptSize { turns: 2, ..PromptSize::default() };
        assert_eq!(of_blocks(json!("")), nothing);
        let text = json!({"type": "text", "text": "four", "cache_control": {"type": "ephemeral"}});
        let document = |source: Value| json!({"type": "document", "title": "ab", "source": source});
        for (block, expected) in [
            (text.clone(), PromptSize { text_bytes: 4, ..nothing }),
            (
                json!({"type": "image", "source": {"type": "base64", "data": "AAAA"}}),
                PromptSize { images: 1, blocks: 1, ..nothing },
            ),
            (
                document(json!({"type": "base64", "data": "AAAAAAAA"})),
                PromptSize { document_bytes: 6, text_bytes: 2, blocks: 1, ..nothing },
            ),
            (
                document(json!({"type": "text", "data": "abc"})),
                PromptSize { text_bytes: 5, blocks: 1, ..nothing },
            ),
            (
                document(json!({"type": "content", "content": [text.clone()]})),
                PromptSize { text_bytes: 6, blocks: 1, ..nothing },
            ),
            (
                document(json!({"type": "url", "url": "https://a.example/x.pdf"})),
                PromptSize { linked_documents: 1, text_bytes: 2, blocks: 1, ..nothing },
            ),
            (
                json!({"type": "tool_result", "tool_use_id": "i", "content": [text]}),
                PromptSize { text_bytes: 4, blocks: 1, ..nothing },
            ),
            // Its members without its type, as JSON.
            (json!({"type": "tool_use", "a": 1}), PromptSize { text_bytes: 7, blocks: 1, ..nothing }),
        ] {
            assert_eq!(of_blocks(json!([block])), expected, "{block}");
        }
    }

    #[test]
    fn instructions_tools_and_schemas_count() {
        let turns = json!([{"role": "user", "content": "four"}]);
        let whole = size(json!({
            "model": "m", "messages": turns, "system": [{"type": "text", "text": "abc"}], "tools": [{"a": 1}],
            "output_config": {"effort": "low", "format": {"b": 2}}, "max_tokens": 7,
        }));
        let expected =
            PromptSize { text_bytes: 4 + 3 + 7 + 7, turns: 2, blocks: 2, tools: 2, ..PromptSize::default() };
        assert_eq!(whole, expected);
        let older = size(json!({"model": "m", "messages": turns, "output_format": {"b": 2}, "tools": null}));
        assert_eq!((older.text_bytes, older.tools), (11, 1));
    }
}
