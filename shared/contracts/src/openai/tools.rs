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
    /// A tool whose input is a text of any form.
    Custom {
        /// The tool.
        custom: CustomTool,
    },
}

/// A tool whose input is a text of any form.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomTool {
    /// The name.
    pub name: String,
    /// The text that tells the model what the tool does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `{type: text}`, or `{type: grammar, grammar: {syntax, definition}}`, which the model is told and not held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Value>,
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

/// The tool that the model must call, or the tools that it may call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NamedToolChoice {
    /// A function.
    Function {
        /// The function.
        function: FunctionName,
    },
    /// A custom tool.
    Custom {
        /// The tool.
        custom: FunctionName,
    },
    /// Some of the tools; the others are not offered.
    AllowedTools {
        /// The tools, and the rule for them.
        allowed_tools: AllowedTools,
    },
}

/// The tools that the model may call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedTools {
    /// Whether it must call one of them.
    pub mode: AllowedToolsMode,
    /// The tools by type and name, as in a choice of one tool.
    pub tools: Vec<Value>,
}

/// A rule for the allowed tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedToolsMode {
    /// The model may call them.
    Auto,
    /// The model must call one of them.
    Required,
}

/// The name of a function or a custom tool.
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
    /// `function` or `custom`; clients of other providers leave it out.
    #[serde(rename = "type", default = "function")]
    pub kind: String,
    /// The function and its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<CalledFunction>,
    /// The custom tool and its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<CalledCustomTool>,
}

/// A called custom tool.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledCustomTool {
    /// The name.
    pub name: String,
    /// The input.
    #[serde(default)]
    pub input: String,
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
    /// `function` or `custom`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name, or a part of the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionDelta>,
    /// The name, or the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomToolDelta>,
}

/// A part of a called custom tool.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomToolDelta {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The input, which comes whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
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
    /// Very much.
    Xhigh,
    /// As much as it can.
    Max,
}
