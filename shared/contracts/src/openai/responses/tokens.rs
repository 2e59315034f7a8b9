//! The count of the tokens of a request for a response. Nothing is checked here: an item or a part of an unknown kind counts as
//! its JSON text.

use super::text_or_list::TextOrList;
use crate::prompt_parts::{of_document, of_json, of_text_member, of_tool};
use domain::ai::PromptSize;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Body of `POST /v1/responses/input_tokens`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseTokensRequest {
    /// The name of the model; `auto` for the chain, as without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The user's text, or the whole conversation as items of any kind.
    pub input: TextOrList<Map<String, Value>>,
    /// Instructions before those of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The form that the text of the answer must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Map<String, Value>>,
    /// The tools that the model may call, in any form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Map<String, Value>>>,
    /// Every other field. The estimate does not count those of a request for a response, and they are ignored; the route
    /// refuses others by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Answer 200 to `POST /v1/responses/input_tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseTokens {
    /// `response.input_tokens`.
    pub object: String,
    /// The estimate of the tokens of the prompt.
    pub input_tokens: u64,
}

impl ResponseTokens {
    /// The answer with this estimate.
    pub fn new(input_tokens: u64) -> Self {
        Self { object: "response.input_tokens".to_owned(), input_tokens }
    }
}

impl fmt::Debug for ResponseTokensRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseTokensRequest").field("model", &self.model).finish_non_exhaustive()
    }
}

impl ResponseTokensRequest {
    /// The size of the whole prompt.
    pub fn size(&self) -> PromptSize {
        let input = match &self.input {
            TextOrList::Text(text) => PromptSize::of_text(text).in_turn(),
            TextOrList::List(items) => items.iter().map(of_item).sum(),
        };
        let instructions = PromptSize::of_text(self.instructions.as_deref().unwrap_or_default()).in_turn();
        let tools: PromptSize = self.tools.iter().flatten().map(of_tools).sum();
        let format =
            self.text.as_ref().and_then(|text| text.get("format")).filter(|format| !format.is_null());
        input + instructions + tools + format.map(of_tool).unwrap_or_default()
    }
}

/// A tool, or the tools of a group, which is a namespace or an item with further tools.
fn of_tools(tool: &Map<String, Value>) -> PromptSize {
    match tool.get("tools") {
        Some(Value::Array(tools)) => {
            tools.iter().map(of_tool).sum::<PromptSize>() + of_text_member(tool, "description")
        }
        _ => of_tool(tool),
    }
}

fn of_item(item: &Map<String, Value>) -> PromptSize {
    match (item.get("type").and_then(Value::as_str), item.get("content"), item.get("output")) {
        (Some("message") | None, Some(content), _) => of_content(content).in_turn(),
        (Some("additional_tools"), ..) => of_tools(item),
        (_, _, Some(output)) => of_content(output).in_block(),
        _ => of_json(item).in_block(),
    }
}

/// A text, or parts.
fn of_content(content: &Value) -> PromptSize {
    match content {
        Value::String(text) => PromptSize::of_text(text),
        Value::Array(parts) => parts.iter().map(of_part).sum(),
        other => of_part(other),
    }
}

fn of_part(part: &Value) -> PromptSize {
    let Some(members) = part.as_object() else { return of_json(part) };
    match members.get("type").and_then(Value::as_str) {
        Some("input_text" | "output_text" | "text" | "summary_text") => of_text_member(members, "text"),
        Some("refusal") => of_text_member(members, "refusal"),
        Some("input_image" | "computer_screenshot") => {
            PromptSize { images: 1, ..PromptSize::default() }.in_block()
        }
        Some("input_file") => {
            let document = match members.get("file_data").and_then(Value::as_str) {
                // The data of a `data:` URL stand behind the comma.
                Some(data) => of_document(data.split_once(',').map_or(data, |(_, data)| data)),
                None => PromptSize { linked_documents: 1, ..PromptSize::default() },
            };
            (document + of_text_member(members, "filename")).in_block()
        }
        _ => of_json(members).in_block(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn size(body: Value) -> PromptSize {
        serde_json::from_value::<ResponseTokensRequest>(body).unwrap().size()
    }

    /// Without the turn of the instructions, which is always counted.
    fn of_items(items: Value) -> PromptSize {
        let whole = size(json!({"input": items}));
        PromptSize { turns: whole.turns - 1, ..whole }
    }

    #[test]
    fn texts_of_all_places_count_their_bytes() {
        let body = json!({"input": "größe", "instructions": "Be short."});
        assert_eq!(size(body), PromptSize { text_bytes: 7 + 9, turns: 2, ..PromptSize::default() });
        let messages = json!([
            {"role": "user", "content": "abc"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "de"},
                {"type": "refusal", "refusal": "f"}]},
        ]);
        assert_eq!(of_items(messages), PromptSize { text_bytes: 6, turns: 2, ..PromptSize::default() });
        assert_eq!(size(json!({"input": []})), PromptSize { turns: 1, ..PromptSize::default() });
    }

    #[test]
    fn calls_count_as_their_text_and_outputs_by_their_content() {
        let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
        let bytes = call.to_string().len() as u64;
        assert_eq!(
            of_items(json!([call])),
            PromptSize { text_bytes: bytes, blocks: 1, ..PromptSize::default() }
        );
        for output in [json!("abc"), json!([{"type": "input_text", "text": "abc"}])] {
            let item = json!([{"type": "function_call_output", "call_id": "c", "output": output}]);
            assert_eq!(of_items(item), PromptSize { text_bytes: 3, blocks: 1, ..PromptSize::default() });
        }
    }

    #[test]
    fn files_count_by_their_kind_and_never_by_their_text() {
        let image = json!({"type": "input_image", "image_url": "data:image/png;base64,AAAA"});
        let inline = json!({"type": "input_file", "filename": "a", "file_data": "data:application/pdf;base64,AAAAAAAA"});
        let linked = json!({"type": "input_file", "file_url": "https://example.com/a.pdf"});
        let message = json!([{"role": "user", "content": [image, inline, linked]}]);
        let expected = PromptSize {
            text_bytes: 1,
            turns: 1,
            blocks: 3,
            images: 1,
            document_bytes: 6,
            linked_documents: 1,
            tools: 0,
        };
        assert_eq!(of_items(message), expected);
    }

    #[test]
    fn tools_of_groups_and_schemas_count_each() {
        let tool = json!({"type": "function", "name": "f"});
        let bytes = tool.to_string().len() as u64;
        let group = json!({"type": "namespace", "name": "n", "description": "abc", "tools": [tool, tool]});
        let counted = size(json!({"input": [], "tools": [tool, group]}));
        let expected =
            PromptSize { text_bytes: 3 * bytes + 3, turns: 1, blocks: 3, tools: 3, ..PromptSize::default() };
        assert_eq!(counted, expected);
        let format = json!({"type": "json_schema", "name": "s", "schema": {"type": "object"}});
        let bytes = format.to_string().len() as u64;
        let expected =
            PromptSize { text_bytes: bytes, turns: 1, blocks: 1, tools: 1, ..PromptSize::default() };
        assert_eq!(size(json!({"input": [], "text": {"format": format}})), expected);
        assert_eq!(
            size(json!({"input": [], "text": {"format": null}})),
            PromptSize { turns: 1, ..PromptSize::default() }
        );
    }
}
