//! Options of a request about reasoning and about the form of the answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The reasoning before the answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ThinkingConfig {
    /// Whether, and how, the model reasons.
    #[serde(rename = "type")]
    pub kind: ThinkingKind,
    /// The most tokens of the reasoning, at least 1,024 and fewer than `max_tokens`; only for `enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<u32>,
    /// Ignored: the answer has the text that the provider shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Value>,
    /// All other members; the mapping refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Whether, and how, a model reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingKind {
    /// Not at all.
    Disabled,
    /// With a number of tokens.
    Enabled,
    /// As much as the model finds right.
    Adaptive,
    /// Between calls of tools, which models that decide themselves do anyway.
    BetweenTools,
}

/// The effort and the form of an answer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputConfig {
    /// How long the model may reason; ignored by models that do not reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The form that the answer must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<JsonOutputFormat>,
    /// All other members; the mapping refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// How much effort an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    Xhigh,
    /// As much as the model can.
    Max,
}

/// The form that an answer must have.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonOutputFormat {
    /// Always JSON that matches a schema.
    #[serde(rename = "type")]
    pub kind: JsonOutputFormatKind,
    /// The JSON Schema.
    pub schema: Value,
}

/// The only kind of form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonOutputFormatKind {
    /// JSON that matches a schema.
    JsonSchema,
}
