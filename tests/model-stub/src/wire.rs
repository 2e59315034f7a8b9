//! The JSON of Converse: the requests that this server understands and the answers that it writes. It makes the same
//! checks as Bedrock, so that a request that passes here is not refused by Bedrock for its shape. It must never accept
//! a content block and then silently drop it.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use crate::failure::Failure;

/// The body of `POST /model/{modelId}/converse` and `/converse-stream`, as far as this server uses it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConverseRequest {
    #[serde(default)]
    pub(crate) messages: Vec<Message>,
    #[serde(default)]
    pub(crate) system: Vec<SystemBlock>,
    #[serde(default)]
    pub(crate) inference_config: InferenceConfig,
    pub(crate) tool_config: Option<ToolConfig>,
    pub(crate) output_config: Option<OutputConfig>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) content: Vec<ContentBlock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    User,
    Assistant,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ContentBlock {
    Text(String),
    ToolUse(ToolUse),
    ToolResult(ToolResult),
    /// Marks where a prompt prefix may be cached; it has no content of its own.
    CachePoint(IgnoredAny),
    /// The blocks below are valid for Bedrock; only a scripted answer can follow them.
    Image(IgnoredAny),
    Document(IgnoredAny),
    Video(IgnoredAny),
    Audio(IgnoredAny),
    GuardContent(IgnoredAny),
    ReasoningContent(IgnoredAny),
    CitationsContent(IgnoredAny),
    SearchResult(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolUse {
    pub(crate) tool_use_id: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolResult {
    pub(crate) tool_use_id: String,
    pub(crate) content: Vec<ToolResultBlock>,
    pub(crate) status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToolResultBlock {
    Text(String),
    Json(Value),
    Image(IgnoredAny),
    Document(IgnoredAny),
    Video(IgnoredAny),
    SearchResult(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SystemBlock {
    Text(String),
    CachePoint(IgnoredAny),
    GuardContent(IgnoredAny),
}

/// Numbers are kept as they were written, so that they are forwarded to the model unchanged.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InferenceConfig {
    pub(crate) max_tokens: Option<u32>,
    pub(crate) temperature: Option<Number>,
    pub(crate) top_p: Option<Number>,
    #[serde(default)]
    pub(crate) stop_sequences: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolConfig {
    pub(crate) tools: Vec<ToolEntry>,
    pub(crate) tool_choice: Option<ToolChoice>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToolEntry {
    ToolSpec(ToolSpec),
    SystemTool(IgnoredAny),
    CachePoint(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolSpec {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) input_schema: InputSchema,
}

#[derive(Debug, Deserialize)]
pub(crate) struct InputSchema {
    pub(crate) json: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToolChoice {
    Auto(IgnoredAny),
    Any(IgnoredAny),
    Tool(SpecificTool),
}

#[derive(Debug, Deserialize)]
pub(crate) struct SpecificTool {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutputConfig {
    pub(crate) text_format: Option<TextFormat>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TextFormat {
    pub(crate) structure: FormatStructure,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FormatStructure {
    pub(crate) json_schema: FormatSchema,
}

/// `schema` is JSON text, unlike a tool's `inputSchema.json`, which is JSON.
#[derive(Debug, Deserialize)]
pub(crate) struct FormatSchema {
    pub(crate) schema: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
}

impl ConverseRequest {
    /// Reads and checks a request body. Fails with `ValidationException` where Bedrock does for this model.
    pub(crate) fn parse(model_id: &str, body: &[u8]) -> Result<Self, Failure> {
        let request: ConverseRequest = serde_json::from_slice(body)
            .map_err(|error| Failure::validation(format!("The request body is not valid: {error}")))?;
        request.check()?;
        request.check_schemas(model_id)?;
        request.check_inference(model_id)?;
        Ok(request)
    }

    fn check(&self) -> Result<(), Failure> {
        if self.messages.first().is_none_or(|message| message.role != Role::User) {
            return Err(Failure::validation("A conversation must start with a user message."));
        }
        let roles = self.messages.iter().map(|message| message.role);
        if roles.clone().zip(roles.skip(1)).any(|(one, next)| one == next) {
            return Err(Failure::validation(
                "A conversation must alternate between user and assistant roles.",
            ));
        }
        let mut uses_tools = false;
        for (m, message) in self.messages.iter().enumerate() {
            if message.content.is_empty() {
                return Err(Failure::validation(format!("The content field at messages.{m} is empty.")));
            }
            for (c, block) in message.content.iter().enumerate() {
                match block {
                    ContentBlock::Text(text) if text.trim().is_empty() => {
                        return Err(Failure::validation(format!(
                            "The text field in the ContentBlock object at messages.{m}.content.{c} is blank."
                        )));
                    }
                    ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) => uses_tools = true,
                    _ => {}
                }
            }
        }
        let Some(config) = &self.tool_config else {
            return match uses_tools {
                true => Err(Failure::validation(
                    "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
                )),
                false => Ok(()),
            };
        };
        if config.tools.is_empty() {
            return Err(Failure::validation("toolConfig.tools must have at least one tool."));
        }
        match &config.tool_choice {
            Some(ToolChoice::Tool(wanted)) if self.tool(&wanted.name).is_none() => Err(Failure::validation(
                "toolConfig.toolChoice names a tool that toolConfig.tools does not have.",
            )),
            _ => Ok(()),
        }
    }

    /// The schema of a tool must describe an object. Claude accepts no choice (`anyOf` and the like) at the root.
    fn check_schemas(&self, model_id: &str) -> Result<(), Failure> {
        for (at, tool) in self.tools().enumerate() {
            let schema = &tool.input_schema.json;
            if schema.get("type").is_none_or(|kind| kind != "object") {
                return Err(Failure::validation(format!(
                    "The value at toolConfig.tools.{at}.toolSpec.inputSchema.json.type must be one of the following: object."
                )));
            }
            let choice = ["oneOf", "allOf", "anyOf"].iter().any(|choice| schema.get(choice).is_some());
            if choice && model_id.contains("anthropic.") {
                return Err(Failure::validation(format!(
                    "tools.{at}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
                )));
            }
        }
        Ok(())
    }

    /// From 4.5 on, Claude takes either `temperature` or `topP`, and no stop sequence of white space alone.
    fn check_inference(&self, model_id: &str) -> Result<(), Failure> {
        let InferenceConfig { temperature, top_p, stop_sequences, .. } = &self.inference_config;
        let one_only = ["claude-sonnet-4-5", "claude-haiku-4-5"].iter().any(|model| model_id.contains(model));
        if one_only && temperature.is_some() && top_p.is_some() {
            return Err(Failure::validation(
                "The model returned the following errors: `temperature` and `top_p` cannot both be specified for this \
                 model. Please use only one.",
            ));
        }
        let blank = stop_sequences.iter().any(|stop| stop.trim().is_empty());
        if blank && model_id.contains("anthropic.") {
            return Err(Failure::validation(
                "The model returned the following errors: stop_sequences: each stop sequence must contain \
                 non-whitespace",
            ));
        }
        Ok(())
    }

    /// The bytes of all text in the request; token counts are estimated from them.
    pub(crate) fn text_bytes(&self) -> usize {
        let system = self.system.iter().map(|block| match block {
            SystemBlock::Text(text) => text.len(),
            SystemBlock::CachePoint(_) | SystemBlock::GuardContent(_) => 0,
        });
        let blocks = self.messages.iter().flat_map(|message| &message.content).map(|block| match block {
            ContentBlock::Text(text) => text.len(),
            ContentBlock::ToolUse(tool_use) => tool_use.input.to_string().len(),
            _ => 0,
        });
        system.chain(blocks).sum()
    }

    /// The tools with a schema, in request order.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &ToolSpec> {
        self.tool_config.iter().flat_map(|config| &config.tools).filter_map(|tool| match tool {
            ToolEntry::ToolSpec(spec) => Some(spec),
            ToolEntry::SystemTool(_) | ToolEntry::CachePoint(_) => None,
        })
    }

    /// The tool with this name.
    pub(crate) fn tool(&self, name: &str) -> Option<&ToolSpec> {
        self.tools().find(|tool| tool.name == name)
    }

    /// The only tool, if the request forces the model to call it.
    pub(crate) fn forced_tool(&self) -> Option<&ToolSpec> {
        match self.tool_config.as_ref()?.tool_choice.as_ref()? {
            ToolChoice::Tool(wanted) => self.tool(&wanted.name),
            ToolChoice::Auto(_) | ToolChoice::Any(_) => None,
        }
    }
}

/// Tokens of a call, as Bedrock counts them: `input_tokens` does not include the tokens that were read from or written
/// to the cache. Its JSON has the names of the wire format (`inputTokens` and so on), without the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Usage {
    /// Input tokens billed at the input price.
    pub input_tokens: u64,
    /// Generated tokens.
    pub output_tokens: u64,
    /// Input tokens read from the prompt cache.
    #[serde(default)]
    pub cache_read_input_tokens: u64,
    /// Input tokens written to the prompt cache.
    #[serde(default)]
    pub cache_write_input_tokens: u64,
}

impl Usage {
    pub(crate) fn json(self) -> Value {
        let total = self
            .input_tokens
            .saturating_add(self.output_tokens)
            .saturating_add(self.cache_read_input_tokens)
            .saturating_add(self.cache_write_input_tokens);
        json!({
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": total,
            "cacheReadInputTokens": self.cache_read_input_tokens,
            "cacheWriteInputTokens": self.cache_write_input_tokens,
        })
    }
}

/// A whole answer, scripted or forwarded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) blocks: Vec<AnswerBlock>,
    /// `end_turn`, `tool_use`, `max_tokens`, `stop_sequence`, `content_filtered`, ...
    pub(crate) stop_reason: String,
    pub(crate) usage: Usage,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnswerBlock {
    Text(String),
    ToolUse { id: String, name: String, input: Value },
}

impl Answer {
    /// The body of a Converse response.
    pub(crate) fn json(&self, latency_ms: u64) -> Value {
        let content: Vec<Value> = self
            .blocks
            .iter()
            .map(|block| match block {
                AnswerBlock::Text(text) => json!({ "text": text }),
                AnswerBlock::ToolUse { id, name, input } => {
                    json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
                }
            })
            .collect();
        json!({
            "output": { "message": { "role": "assistant", "content": content } },
            "stopReason": self.stop_reason,
            "usage": self.usage.json(),
            "metrics": { "latencyMs": latency_ms },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const NOVA: &str = "amazon.nova-pro-v1:0";

    fn refused(body: Value) -> String {
        ConverseRequest::parse(NOVA, body.to_string().as_bytes()).unwrap_err().message
    }

    #[test]
    fn refuses_what_claude_refuses_and_others_take() {
        let body = |inference: Value, schema: Value| {
            json!({
                "messages": [{"role": "user", "content": [{"text": "hi"}]}], "inferenceConfig": inference,
                "toolConfig": {"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": schema}}}]},
            })
        };
        let object = || json!({"type": "object"});
        let choice = json!({"type": "object", "anyOf": [{"required": ["a"]}]});
        for (body, says) in [
            (body(json!({"temperature": 0.7, "topP": 1}), object()), "cannot both be specified"),
            (body(json!({"stopSequences": ["END", "\n\n"]}), object()), "non-whitespace"),
            (body(json!({}), choice), "at the top level"),
        ] {
            let text = body.to_string();
            let refused = ConverseRequest::parse(SONNET, text.as_bytes()).unwrap_err().message;
            assert!(refused.contains(says), "{refused}");
            assert!(ConverseRequest::parse(NOVA, text.as_bytes()).is_ok(), "{text}");
        }
        for schema in
            [json!({}), json!({"$ref": "#/$defs/a"}), json!({"type": "array"}), json!({"anyOf": []})]
        {
            assert!(refused(body(json!({}), schema)).contains("one of the following: object"));
        }
    }

    #[test]
    fn refuses_the_shapes_bedrock_refuses() {
        let user = json!({"role": "user", "content": [{"text": "hi"}]});
        assert!(refused(json!({"messages": []})).contains("start with a user message"));
        assert!(refused(json!({"messages": [user, user]})).contains("alternate"));
        assert!(
            refused(json!({"messages": [{"role": "user", "content": [{"text": " "}]}]})).contains("blank")
        );
        assert!(refused(json!({"messages": [{"role": "user", "content": []}]})).contains("empty"));
        assert!(
            refused(json!({"messages": [{"role": "system", "content": [{"text": "x"}]}]}))
                .contains("not valid")
        );
        let result = json!({"toolResult": {"toolUseId": "a", "content": [{"text": "1"}]}});
        assert!(refused(json!({"messages": [{"role": "user", "content": [result]}]})).contains("toolConfig"));
        let tool = json!({"toolSpec": {"name": "score", "inputSchema": {"json": {}}}});
        let choice = json!({"tool": {"name": "other"}});
        let config = json!({"tools": [tool], "toolChoice": choice});
        assert!(refused(json!({"messages": [user], "toolConfig": config})).contains("toolChoice"));
    }

    #[test]
    fn total_counts_cached_tokens_too() {
        let usage = Usage {
            input_tokens: 5,
            output_tokens: 7,
            cache_read_input_tokens: 11,
            cache_write_input_tokens: 13,
        };
        assert_eq!(usage.json()["totalTokens"], 36);
    }
}
