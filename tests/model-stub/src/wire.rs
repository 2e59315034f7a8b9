//! The JSON of Converse: the requests that this server understands and the answers that it writes. `checks` has the rules
//! that a request must keep. It must never accept a content block and then silently drop it.

mod answer;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Number, Value};

use crate::checks;
use crate::failure::Failure;

pub use answer::Usage;
pub(crate) use answer::{Answer, AnswerBlock, signature};

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
    /// Claude's own fields, such as `thinking`.
    #[serde(default)]
    pub(crate) additional_model_request_fields: Value,
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
    Image(Media),
    Document(Media),
    Video(IgnoredAny),
    Audio(IgnoredAny),
    GuardContent(IgnoredAny),
    ReasoningContent(ReasoningContent),
    CitationsContent(IgnoredAny),
    SearchResult(IgnoredAny),
}

impl ContentBlock {
    /// The id of the use of a tool, if this block is one.
    pub(crate) fn tool_use_id(&self) -> Option<&str> {
        match self {
            ContentBlock::ToolUse(tool_use) => Some(&tool_use.tool_use_id),
            _ => None,
        }
    }

    /// The id of the use of a tool that this block answers, if it answers one.
    pub(crate) fn answered_id(&self) -> Option<&str> {
        match self {
            ContentBlock::ToolResult(result) => Some(&result.tool_use_id),
            _ => None,
        }
    }
}

/// Reasoning that the model wrote earlier.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ReasoningContent {
    ReasoningText(ReasoningText),
    /// In base64.
    RedactedContent(String),
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReasoningText {
    pub(crate) text: String,
    pub(crate) signature: Option<String>,
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
    Image(Media),
    Document(Media),
    Video(IgnoredAny),
    SearchResult(IgnoredAny),
}

impl ToolResultBlock {
    fn text_bytes(&self) -> usize {
        match self {
            ToolResultBlock::Text(text) => text.len(),
            ToolResultBlock::Json(value) => value.to_string().len(),
            _ => 0,
        }
    }
}

/// An image or a document. Only a document has a name.
#[derive(Debug, Deserialize)]
pub(crate) struct Media {
    pub(crate) format: String,
    pub(crate) name: Option<String>,
    pub(crate) source: MediaSource,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MediaSource {
    /// In base64.
    Bytes(String),
    Text(IgnoredAny),
    Content(IgnoredAny),
    S3Location(IgnoredAny),
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
        checks::check(&request, model_id)?;
        Ok(request)
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
            ContentBlock::ToolResult(result) => result.content.iter().map(ToolResultBlock::text_bytes).sum(),
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
