//! Masks the parts of turns, and tools.

use super::Masking;
use ports::{ContentBlock, Document, Message, ReasoningContent, Tool, ToolCall, ToolResult, ToolSet};
use serde::de::IgnoredAny;
use std::sync::Arc;

impl Masking {
    pub(super) fn pass_over_block(&mut self, block: &ContentBlock) {
        for block in block.with_inner() {
            match block {
                ContentBlock::Text(text)
                | ContentBlock::Reasoning(ReasoningContent::Text { text, signature: _ }) => {
                    self.pass_over(text)
                }
                ContentBlock::ToolCall(call) => self.pass_over(&call.arguments),
                ContentBlock::Document(Document { name, data, .. }) => {
                    self.pass_over(name);
                    self.pass_over(std::str::from_utf8(data).unwrap_or_default());
                }
                ContentBlock::Reasoning(ReasoningContent::Redacted(_))
                | ContentBlock::Image(_)
                | ContentBlock::ToolResult(_) => {}
            }
        }
    }

    pub(super) fn masked_turn(&mut self, turn: &Message) -> Message {
        Message { role: turn.role, content: self.masked_blocks(&turn.content) }
    }

    fn masked_blocks(&mut self, blocks: &[ContentBlock]) -> Vec<ContentBlock> {
        blocks.iter().map(|block| self.masked_block(block)).collect()
    }

    /// Pictures and documents are sent as they are, but for the documents' names and for documents of text.
    pub(super) fn masked_block(&mut self, block: &ContentBlock) -> ContentBlock {
        match block {
            ContentBlock::Text(text) => ContentBlock::Text(self.masked(text)),
            // A text that does not become the one that the model signed is left out of the call.
            ContentBlock::Reasoning(ReasoningContent::Text { text, signature }) => {
                let (text, signature) = (self.masked(text), signature.clone());
                ContentBlock::Reasoning(ReasoningContent::Text { text, signature })
            }
            ContentBlock::Reasoning(ReasoningContent::Redacted(_)) => block.clone(),
            ContentBlock::Image(image) => ContentBlock::Image(image.clone()),
            ContentBlock::Document(document) => ContentBlock::Document(self.masked_document(document)),
            ContentBlock::ToolCall(ToolCall { id, name, arguments }) => ContentBlock::ToolCall(ToolCall {
                id: id.clone(),
                name: name.clone(),
                arguments: self.masked_json(arguments),
            }),
            ContentBlock::ToolResult(ToolResult { call_id, content, is_error }) => {
                ContentBlock::ToolResult(ToolResult {
                    call_id: call_id.clone(),
                    content: self.masked_blocks(content),
                    is_error: *is_error,
                })
            }
        }
    }

    /// Arguments stay JSON, also where a number becomes a placeholder, and all bytes between values stay as they are.
    fn masked_json(&mut self, json: &str) -> String {
        if serde_json::from_str::<IgnoredAny>(json).is_err() {
            return self.masked(json);
        }
        let mut masked = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
            let (before, token) = rest.split_at_checked(start).unwrap_or_default();
            masked.push_str(before);
            let (token, after) = token.split_at_checked(token_length(token)).unwrap_or((token, ""));
            match token.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(text) => masked.push_str(&format!("\"{}\"", self.masked(text))),
                None => {
                    let number = self.masked(token);
                    let is_masked = number != token;
                    masked.push_str(&if is_masked { format!("\"{number}\"") } else { number });
                }
            }
            rest = after;
        }
        masked.push_str(rest);
        masked
    }

    fn masked_document(&mut self, document: &Document) -> Document {
        let Document { name, format, data } = document;
        let data = match std::str::from_utf8(data) {
            Ok(text) if format.is_text() => Arc::from(self.masked(text).into_bytes()),
            _ => Arc::clone(data),
        };
        Document { name: self.masked(name), format: *format, data }
    }

    /// Names of tools are not masked, because calls must find them again.
    pub(super) fn masked_tools(&mut self, set: &ToolSet) -> ToolSet {
        let tool = |tool: &Tool| Tool {
            name: tool.name.clone(),
            description: tool.description.as_deref().map(|text| self.masked(text)),
            parameters: self.masked_value(&tool.parameters),
            strict: tool.strict,
        };
        ToolSet {
            tools: set.tools.iter().map(tool).collect(),
            choice: set.choice.clone(),
            one_at_a_time: set.one_at_a_time,
        }
    }
}

/// The length of the string or the number at the beginning of a part of a JSON text.
fn token_length(token: &str) -> usize {
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    if !token.starts_with('"') {
        return token.bytes().take_while(is_of_number).count();
    }
    let mut escaped = false;
    let closing = token.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(token.len(), |closing| closing + 2)
}
