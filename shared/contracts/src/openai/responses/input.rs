//! The items of a conversation.

use super::text_or_list::{TextOrList, text_list_or_part};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An item of a conversation: a message, a call of a function, its output, or an item of another kind. Each kind has
/// some of the members.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputItem {
    /// The kind; an item without one is a message.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The speaker of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<InputRole>,
    /// The content of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<TextOrList<InputPart>>,
    /// Names a call in its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The name of a called function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The arguments of a call as JSON text; items of other kinds have an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// The output of a call. An object, such as the screenshot of a computer, is read as a list of this one part.
    #[serde(default, deserialize_with = "text_list_or_part", skip_serializing_if = "Option::is_none")]
    pub output: Option<TextOrList<InputPart>>,
    /// All other members, such as `id` and `status`; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The speaker of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputRole {
    /// Instructions.
    System,
    /// Instructions.
    Developer,
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// A part of a message or of an output: a text, a refusal, a picture or a document. Each kind has some of the members.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputPart {
    /// The kind.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// A text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The text of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// A `data:` URL with a picture in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// A `data:` URL with a document in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_data: Option<String>,
    /// The name of a document, which the model is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Refused: files are not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_url: Option<String>,
    /// Refused: no files are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// All other members, such as `annotations` and `detail`, which change nothing.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}
