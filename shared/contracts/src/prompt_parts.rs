//! The sizes of parts of a prompt that the formats of several providers have. Nothing is checked here.

use domain::ai::PromptSize;
use serde::Serialize;
use serde_json::{Map, Value};

/// A tool, or a schema of the answer, which most models get as a tool.
pub(crate) fn of_tool<T: Serialize>(tool: &T) -> PromptSize {
    PromptSize { tools: 1, ..of_json(tool).in_block() }
}

/// The JSON text of a value. Values that were read from JSON can always be written.
pub(crate) fn of_json<T: Serialize>(value: &T) -> PromptSize {
    serde_json::to_string(value).map(|text| PromptSize::of_text(&text)).unwrap_or_default()
}

/// The member with this name, if it is a text.
pub(crate) fn of_text_member(members: &Map<String, Value>, name: &str) -> PromptSize {
    members.get(name).and_then(Value::as_str).map(PromptSize::of_text).unwrap_or_default()
}

/// A document in base64. It is a PDF, except for one of text, which is shorter than this says.
pub(crate) fn of_document(base64: &str) -> PromptSize {
    PromptSize { document_bytes: (base64.len() / 4 * 3) as u64, ..PromptSize::default() }
}
