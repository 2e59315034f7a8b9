//! The turns of a conversation in Bedrock's blocks. Reasoning goes back byte for byte, because its model has signed it.
//! Bedrock refuses blank texts, a conversation that the model opens, and
//! a document without a text beside it; Claude also refuses an answer's beginning that ends in white space.

use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types;
use aws_smithy_types::base64;
use ports::{
    ContentBlock, Document, DocumentFormat, Image, ImageFormat, Message, ReasoningContent, Role, ToolCall,
    ToolNames, ToolResult,
};

use crate::raw_json::RawTexts;

/// The turn before a conversation that the model opens.
const OPENING: &str = "Begin.";

/// The characters besides letters and digits that the name of a document may have, and its length.
const DOCUMENT_NAME_SIGNS: [char; 6] = [' ', '-', '(', ')', '[', ']'];
const LONGEST_DOCUMENT_NAME: usize = 200;

pub(crate) fn turns(
    messages: &[Message],
    names: &ToolNames,
    raw: &mut RawTexts,
) -> Result<Vec<types::Message>, BuildError> {
    let mut sent = Vec::with_capacity(messages.len() + 1);
    if messages.first().is_some_and(|first| first.role == Role::Assistant) {
        sent.push(turn(types::ConversationRole::User, vec![text(OPENING)])?);
    }
    let last = messages.len().saturating_sub(1);
    for (at, message) in messages.iter().enumerate() {
        let role = match message.role {
            Role::User => types::ConversationRole::User,
            Role::Assistant => types::ConversationRole::Assistant,
        };
        let mut content = blocks(&message.content, names, raw)?;
        if at == last && message.role == Role::Assistant {
            trim_end(&mut content);
        }
        sent.push(turn(role, content)?);
    }
    Ok(sent)
}

fn turn(
    role: types::ConversationRole,
    content: Vec<types::ContentBlock>,
) -> Result<types::Message, BuildError> {
    types::Message::builder().role(role).set_content(Some(content)).build()
}

fn text(text: impl Into<String>) -> types::ContentBlock {
    types::ContentBlock::Text(text.into())
}

/// Cuts white space at the end of an answer's beginning.
fn trim_end(content: &mut [types::ContentBlock]) {
    if let Some(types::ContentBlock::Text(text)) = content.last_mut() {
        text.truncate(text.trim_end().len());
    }
}

fn blocks(
    content: &[ContentBlock],
    names: &ToolNames,
    raw: &mut RawTexts,
) -> Result<Vec<types::ContentBlock>, BuildError> {
    let mut sent = Vec::with_capacity(content.len());
    for block in content {
        sent.push(match block {
            ContentBlock::Text(blank) if blank.trim().is_empty() => continue,
            ContentBlock::Text(said) => text(said.clone()),
            ContentBlock::Reasoning(it) => types::ContentBlock::ReasoningContent(reasoning(it)?),
            ContentBlock::Image(it) => types::ContentBlock::Image(image(it)?),
            ContentBlock::Document(it) => types::ContentBlock::Document(document(it)?),
            ContentBlock::ToolCall(it) => types::ContentBlock::ToolUse(call(it, names, raw)?),
            ContentBlock::ToolResult(it) => types::ContentBlock::ToolResult(result(it, names)?),
        });
    }
    let has = |is: fn(&types::ContentBlock) -> bool| sent.iter().any(is);
    let lone_document = has(types::ContentBlock::is_document) && !has(types::ContentBlock::is_text);
    if lone_document {
        sent.push(text("The document is above."));
    }
    Ok(sent)
}

fn reasoning(reasoning: &ReasoningContent) -> Result<types::ReasoningContentBlock, BuildError> {
    Ok(match reasoning {
        ReasoningContent::Text { text, signature } => {
            let block = types::ReasoningTextBlock::builder().text(text).set_signature(signature.clone());
            types::ReasoningContentBlock::ReasoningText(block.build()?)
        }
        ReasoningContent::Redacted(data) => {
            let data = base64::decode(data).map_err(BuildError::other)?;
            types::ReasoningContentBlock::RedactedContent(Blob::new(data))
        }
    })
}

fn image(image: &Image) -> Result<types::ImageBlock, BuildError> {
    let format = match image.format {
        ImageFormat::Png => types::ImageFormat::Png,
        ImageFormat::Jpeg => types::ImageFormat::Jpeg,
        ImageFormat::Gif => types::ImageFormat::Gif,
        ImageFormat::Webp => types::ImageFormat::Webp,
    };
    let source = types::ImageSource::Bytes(Blob::new(image.data.to_vec()));
    types::ImageBlock::builder().format(format).source(source).build()
}

fn document(document: &Document) -> Result<types::DocumentBlock, BuildError> {
    let format = match document.format {
        DocumentFormat::Pdf => types::DocumentFormat::Pdf,
        DocumentFormat::Txt => types::DocumentFormat::Txt,
        DocumentFormat::Md => types::DocumentFormat::Md,
        DocumentFormat::Csv => types::DocumentFormat::Csv,
        DocumentFormat::Html => types::DocumentFormat::Html,
    };
    let source = types::DocumentSource::Bytes(Blob::new(document.data.to_vec()));
    types::DocumentBlock::builder().format(format).name(document_name(&document.name)).source(source).build()
}

/// The name in the characters that Bedrock takes, without two spaces beside each other.
fn document_name(name: &str) -> String {
    let usual = |c: char| c.is_ascii_alphanumeric() || DOCUMENT_NAME_SIGNS.contains(&c);
    let near: String =
        name.chars().map(|c| if usual(c) { c } else { ' ' }).take(LONGEST_DOCUMENT_NAME).collect();
    let words: Vec<&str> = near.split_whitespace().collect();
    if words.is_empty() { "document".to_owned() } else { words.join(" ") }
}

fn call(call: &ToolCall, names: &ToolNames, raw: &mut RawTexts) -> Result<types::ToolUseBlock, BuildError> {
    types::ToolUseBlock::builder()
        .tool_use_id(names.calls.to_provider(&call.id))
        .name(names.tools.to_provider(&call.name))
        .input(raw.document(object(&call.arguments)))
        .build()
}

/// The arguments as a JSON object, which is all that Bedrock takes. Histories have calls without arguments, and calls
/// that were cut off.
fn object(arguments: &str) -> String {
    let is_object = serde_json::from_str::<serde_json::Value>(arguments).is_ok_and(|it| it.is_object());
    if is_object { arguments.to_owned() } else { "{}".to_owned() }
}

fn result(result: &ToolResult, names: &ToolNames) -> Result<types::ToolResultBlock, BuildError> {
    let mut content = Vec::with_capacity(result.content.len());
    for block in &result.content {
        content.push(match block {
            ContentBlock::Text(text) if text.trim().is_empty() => continue,
            ContentBlock::Text(text) => types::ToolResultContentBlock::Text(text.clone()),
            ContentBlock::Image(it) => types::ToolResultContentBlock::Image(image(it)?),
            ContentBlock::Document(it) => types::ToolResultContentBlock::Document(document(it)?),
            // A result holds no reasoning, calls or results.
            ContentBlock::Reasoning(_) | ContentBlock::ToolCall(_) | ContentBlock::ToolResult(_) => continue,
        });
    }
    types::ToolResultBlock::builder()
        .tool_use_id(names.calls.to_provider(&result.call_id))
        .set_content(Some(content))
        .set_status(result.is_error.then_some(types::ToolResultStatus::Error))
        .build()
}
