//! A call to a model: the conversation, the tools, the limits of the completion, and the schema that it must match.
//! `Debug` never shows a text.

use super::{Bytes, ContentBlock, Guardrail, Message, Reasoning, ToolSet};
use serde_json::Value;
use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

/// One call to one model.
#[derive(Clone)]
pub struct ModelCall {
    /// The model's identifier at its provider.
    pub model: String,
    /// Instructions. They never contain tenant data.
    pub system: String,
    /// The conversation. An adapter whose provider needs a user's turn at the beginning adds one.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: ToolSet,
    /// How long the model may reason; its default when absent.
    pub reasoning: Option<Reasoning>,
    /// The JSON Schema that the completion must match. The provider may use it to constrain the model; the caller
    /// checks the completion anyway.
    pub output_schema: Option<Value>,
    /// The most tokens of the completion.
    pub max_output_tokens: u32,
    /// The sampling temperature, 0.0 to 1.0; the model's default when absent.
    pub temperature: Option<f32>,
    /// The share of the likeliest tokens to choose from, 0.0 to 1.0; the model's default when absent.
    pub top_p: Option<f32>,
    /// Texts that end the completion; they are not part of it.
    pub stop: Vec<String>,
    /// Asks the provider to keep the instructions in its prompt cache. Only for models with a prompt cache, and only
    /// when the instructions are long enough: otherwise the provider refuses the call.
    pub cache_instructions: bool,
    /// The guardrail around the call: id and version.
    pub guardrail: Option<Guardrail>,
    /// The time that is left for the completion.
    pub time_left: Duration,
    /// The model that was trained, when `model` is the deployment of a fine-tuned one.
    pub base_model: Option<String>,
}

impl ModelCall {
    /// The model whose ways this one has: the base model of a fine-tuned one, otherwise the model itself.
    pub fn family(&self) -> &str {
        self.base_model.as_deref().unwrap_or(&self.model)
    }

    /// The schema to which the provider may hold the model. A schema for any JSON object does not count: held to it,
    /// models answer `{}`.
    pub fn forced_schema(&self) -> Option<&Value> {
        self.output_schema.as_ref().filter(|schema| !is_any_object(schema))
    }

    /// Whether the conversation has calls of tools or their results.
    pub fn has_tool_history(&self) -> bool {
        self.messages.iter().flat_map(|turn| &turn.content).any(ContentBlock::is_about_tools)
    }
}

/// Whether a schema asks for a JSON object without describing its content.
pub fn is_any_object(schema: &Value) -> bool {
    schema.as_object().is_some_and(|schema| {
        schema.get("type").is_some_and(|kind| kind == "object")
            && schema.iter().all(|(key, value)| match key.as_str() {
                "type" | "title" | "description" | "$schema" => true,
                "additionalProperties" => *value == Value::Bool(true),
                _ => false,
            })
    })
}

impl Debug for ModelCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            system,
            messages,
            tools,
            reasoning,
            output_schema,
            max_output_tokens,
            temperature,
            top_p,
            stop,
            cache_instructions,
            guardrail,
            time_left,
            base_model,
        } = self;
        f.debug_struct("ModelCall")
            .field("model", model)
            .field("system", &Bytes(system))
            .field("messages", messages)
            .field("tools", tools)
            .field("reasoning", reasoning)
            .field("output_schema", &output_schema.is_some())
            .field("max_output_tokens", max_output_tokens)
            .field("temperature", temperature)
            .field("top_p", top_p)
            .field("stop", &stop.len())
            .field("cache_instructions", cache_instructions)
            .field("guardrail", guardrail)
            .field("time_left", time_left)
            .field("base_model", base_model)
            .finish()
    }
}
