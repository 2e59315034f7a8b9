//! Tools that a model may call. `Debug` shows how many there are and never their texts, which belong to customers.

use serde_json::Value;
use std::fmt::{self, Debug, Formatter};

/// The tools of a conversation.
#[derive(Clone, Default, PartialEq)]
pub struct ToolSet {
    /// The tools that the model may call; none by default.
    pub tools: Vec<Tool>,
    /// The tools among which it may choose.
    pub choice: ToolChoice,
    /// Whether a completion may have one call at most. The gateway drops later calls if a provider can't be told.
    pub one_at_a_time: bool,
}

/// A tool that the model may call. The caller carries the calls out.
#[derive(Clone, PartialEq)]
pub struct Tool {
    /// The name, as the caller gave it. An adapter maps names that its provider does not take, there and back.
    pub name: String,
    /// The text that tells the model what the tool does.
    pub description: Option<String>,
    /// The JSON Schema of the arguments, in the caller's order of members. Providers compare prompts byte by byte with
    /// those in their prompt caches.
    pub parameters: Value,
    /// Whether arguments must match the schema. Arguments of a whole completion are checked by the gateway.
    pub strict: bool,
}

/// The tools among which the model may choose.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model may call a tool or answer with text.
    #[default]
    Auto,
    /// The model must answer with text.
    None,
    /// The model must call at least one tool.
    Required,
    /// The model must call the tool with this name.
    Named(String),
}

impl ToolSet {
    /// The tool with this name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

impl Debug for ToolSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { tools, choice, one_at_a_time } = self;
        f.debug_struct("ToolSet")
            .field("tools", &tools.len())
            .field("choice", choice)
            .field("one_at_a_time", one_at_a_time)
            .finish()
    }
}

impl Debug for Tool {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("strict", &self.strict).finish_non_exhaustive()
    }
}

impl Debug for ToolChoice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "Auto",
            Self::None => "None",
            Self::Required => "Required",
            Self::Named(_) => "Named",
        })
    }
}
