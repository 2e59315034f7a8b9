//! Tools in a request.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A tool that the model may call.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageTool {
    /// `custom`, which is the default, or a tool of the caller whose arguments Anthropic defines, such as `bash_20250124`.
    /// Tools of Anthropic's own servers are refused.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name.
    pub name: String,
    /// The text that tells the model what the tool does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of the arguments; required for `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// Whether arguments must match the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// All other members; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The tools among which the model may choose.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageToolChoice {
    /// The rule.
    #[serde(rename = "type")]
    pub kind: MessageToolChoiceKind,
    /// The tool that must be called; only for `tool`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether one answer may have one call at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_parallel_tool_use: Option<bool>,
    /// All other members; the mapping refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A rule for the choice of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageToolChoiceKind {
    /// The model may call tools.
    Auto,
    /// The model must call a tool.
    Any,
    /// The model must call the named tool.
    Tool,
    /// The model must call no tool.
    None,
}
