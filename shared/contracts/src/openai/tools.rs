//! Tools and their calls in OpenAI's chat format.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatTool {
    /// A function of the caller.
    Function {
        /// The function.
        function: FunctionTool,
    },
}

/// A function that the model may call.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionTool {
    /// The name.
    pub name: String,
    /// The text that tells the model what the function does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of the arguments; without it the function has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Whether arguments must match the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// The tools among which the model may choose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ChatToolChoice {
    /// A rule for all tools.
    Mode(ToolChoiceMode),
    /// One tool.
    Named(NamedToolChoice),
}

/// A rule for all tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoiceMode {
    /// The model may call tools.
    Auto,
    /// The model must call no tool.
    None,
    /// The model must call a tool.
    Required,
}

/// The tool that the model must call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NamedToolChoice {
    /// A function.
    Function {
        /// The function.
        function: FunctionName,
    },
}

/// The name of a function.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionName {
    /// The name.
    pub name: String,
}

/// A call of a tool.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatToolCall {
    /// Names the call in its result.
    pub id: String,
    /// Always `function`; clients of other providers leave it out.
    #[serde(rename = "type", default = "function")]
    pub kind: String,
    /// The function and its arguments.
    pub function: CalledFunction,
}

fn function() -> String {
    "function".to_owned()
}

/// A called function.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledFunction {
    /// The name.
    pub name: String,
    /// The arguments as JSON text.
    #[serde(default)]
    pub arguments: String,
}

/// A part of a streamed call: the first part of a call has its id and name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCallDelta {
    /// The place of the call among the calls of the completion.
    pub index: usize,
    /// Names the call in its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Always `function`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name, or a part of the arguments.
    pub function: FunctionDelta,
}

/// A part of a called function.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionDelta {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A part of the JSON text of the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
}

/// How long a model may reason before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatReasoningEffort {
    /// Not at all.
    None,
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As much as it can.
    Xhigh,
}
