//! Reads the blocks of a turn. A text stands in the place of a wrong block, which is noted, and of a block that is left
//! alone, so that blocks keep their places.

use crate::members::Members;
use contracts::anthropic::InputBlock;
use domain::field::FieldChecks;
use ports::{ContentBlock, ReasoningContent, ToolCall, ToolResult};
use serde_json::Value;
use wiring_ai::RequestFiles;
use wiring_ai::files::{FileFault, document, document_of_url, image_of_base64};

/// The text of a wrong block. A turn without a text would be a second fault. It is sent to no model.
const WRONG: &str = "?";

/// The place of a block, which decides about the kinds that it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockPlace {
    /// A turn of the caller.
    User,
    /// A turn of the model. Blocks of hosted tools, which only answers have, are left alone.
    Model,
    /// Instructions.
    Instructions,
    /// The result of a tool.
    Result,
}

/// Reads a block with this name.
pub(crate) fn read(
    InputBlock { kind, members }: InputBlock,
    place: BlockPlace,
    field: String,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> ContentBlock {
    use BlockPlace::{Instructions, Model, Result, User};
    let mut members = Members::new(members, field, check);
    let (block, harmless): (ContentBlock, &[&str]) = match (kind.as_str(), place) {
        ("text", User | Model | Instructions | Result) => {
            (members.text("text").map_or_else(wrong, ContentBlock::Text), &["cache_control", "citations"])
        }
        ("image", User | Result) => (image(&mut members, files).unwrap_or_else(wrong), &["cache_control"]),
        ("document", User | Result) => (file(&mut members, files).unwrap_or_else(wrong), &["cache_control"]),
        ("search_result", User | Result) => {
            (search_result(&mut members).map_or_else(wrong, ContentBlock::Text), &["cache_control"])
        }
        ("tool_use", User | Model) => {
            (ContentBlock::ToolCall(call(&mut members)), &["cache_control", "caller"])
        }
        ("tool_result", User | Model) => {
            (ContentBlock::ToolResult(result(&mut members, files)), &["cache_control"])
        }
        ("thinking", Model) => (thinking(&mut members), &[]),
        ("redacted_thinking", Model) => (redacted_thinking(&mut members), &[]),
        (_, Model) => return ContentBlock::Text(String::new()),
        (_, User | Instructions | Result) => {
            let kinds = match place {
                Instructions => "must be text",
                Result => "must be text, image, document or search_result in the result of a tool",
                _ => "must be text, image, document, search_result or tool_result",
            };
            members.wrong("type", "unsupported", kinds);
            return wrong();
        }
    };
    // Clients send back the answers that they got, with members that only answers have.
    if place != Model {
        members.finish(harmless);
    }
    block
}

/// Reasoning that the model wrote earlier. Other providers leave members out.
fn thinking(block: &mut Members<'_>) -> ContentBlock {
    let mut text = |member: &str| match block.take(member) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (text, signature) = (text("thinking").unwrap_or_default(), text("signature"));
    ContentBlock::Reasoning(ReasoningContent::Text { text, signature })
}

/// Reasoning that the provider shows to nobody.
fn redacted_thinking(block: &mut Members<'_>) -> ContentBlock {
    match block.take("data") {
        Some(Value::String(data)) => ContentBlock::Reasoning(ReasoningContent::Redacted(data)),
        _ => ContentBlock::Text(String::new()),
    }
}

fn wrong() -> ContentBlock {
    ContentBlock::Text(WRONG.to_owned())
}

fn image(block: &mut Members<'_>, files: &mut RequestFiles) -> Option<ContentBlock> {
    block.unsupported("transformations", "is not supported");
    let mut source = block.object("source")?;
    let (member, read) = match source.text("type")?.as_str() {
        "base64" => ("data", image_of_base64(&source.text("data")?)),
        "url" => ("url", files.image_of_url(&source.text("url")?)),
        _ => {
            source.refuse("unsupported", "must be of the type base64 or url: no files are stored");
            return None;
        }
    };
    // The first bytes of the picture tell its format.
    finished(source, member, read).map(ContentBlock::Image)
}

fn file(block: &mut Members<'_>, files: &mut RequestFiles) -> Option<ContentBlock> {
    let title = block.optional_text("title").unwrap_or_default();
    let context = block.optional_text("context");
    refuse_citations(block);
    let mut source = block.object("source")?;
    let (pdf, txt) = (format!("{title}.pdf"), format!("{title}.txt"));
    let kind = source.text("type")?;
    let (member, text) = match kind.as_str() {
        "text" => ("data", source.text("data")?),
        "content" => ("content", content_text(&mut source)?),
        "base64" | "url" => {
            let (member, read) = if kind == "url" {
                ("url", files.pdf_of_url(&source.text("url")?, Some(&pdf)))
            } else {
                ("data", document_of_url(&source.text("data")?, Some(&pdf)))
            };
            let document = finished(source, member, read).map(ContentBlock::Document);
            if context.is_some() {
                block.wrong(
                    "context",
                    "unsupported",
                    "is not supported for files: say it in a block of text",
                );
            }
            return document;
        }
        _ => {
            source.refuse(
                "unsupported",
                "must be of the type base64, url, text or content: no files are stored",
            );
            return None;
        }
    };
    let read = if text.trim().is_empty() {
        Err("must not be empty")
    } else {
        // The model reads what the caller says about the document before its text.
        let text = context.map_or(text.clone(), |context| format!("{context}\n\n{text}"));
        document("text/plain", text.into_bytes(), Some(&txt))
    };
    finished(source, member, read).map(ContentBlock::Document)
}

/// The text of a search result, after its title and its source.
fn search_result(block: &mut Members<'_>) -> Option<String> {
    refuse_citations(block);
    let (title, source) = (block.text("title"), block.text("source"));
    let text = content_text(block);
    Some(format!("Search result: {}\nSource: {}\n\n{}", title?, source?, text?))
}

/// The text of a member `content`: a text, or blocks of text, which become paragraphs.
fn content_text(object: &mut Members<'_>) -> Option<String> {
    match object.take("content") {
        Some(Value::String(text)) => Some(text),
        Some(Value::Array(blocks)) => {
            let texts: Option<Vec<&str>> = blocks.iter().map(text_of).collect();
            if texts.is_none() {
                object.wrong(
                    "content",
                    "unsupported",
                    "must be blocks of text: send pictures in blocks of their own",
                );
            }
            texts.map(|texts| texts.join("\n\n"))
        }
        Some(_) => {
            object.wrong("content", "type", "must be a string or an array of blocks");
            None
        }
        None => {
            object.wrong("content", "required", "must be given");
            None
        }
    }
}

fn text_of(block: &Value) -> Option<&str> {
    block.get("text").filter(|_| block["type"] == "text").and_then(Value::as_str)
}

/// Answers have no citations, so nobody may count on them.
fn refuse_citations(block: &mut Members<'_>) {
    if let Some(mut citations) = block.optional_object("citations") {
        if citations.flag("enabled") {
            citations.wrong("enabled", "unsupported", "must be false: answers have no citations");
        }
        citations.finish(&[]);
    }
}

/// The file of a source, or a note that this member of it has a fault.
fn finished<T>(mut source: Members<'_>, member: &str, read: Result<T, FileFault>) -> Option<T> {
    match read {
        Ok(file) => {
            source.finish(&["media_type"]);
            Some(file)
        }
        Err(fault) => {
            source.wrong(member, "format", fault);
            None
        }
    }
}

fn call(block: &mut Members<'_>) -> ToolCall {
    let mut text = |member| block.text(member).unwrap_or_else(|| WRONG.to_owned());
    let (id, name) = (text("id"), text("name"));
    let arguments = match block.take("input") {
        Some(input @ Value::Object(_)) => input.to_string(),
        Some(_) => {
            block.wrong("input", "type", "must be an object");
            "{}".to_owned()
        }
        None => {
            block.wrong("input", "required", "must be given");
            "{}".to_owned()
        }
    };
    ToolCall { id, name, arguments }
}

fn result(block: &mut Members<'_>, files: &mut RequestFiles) -> ToolResult {
    let call_id = block.text("tool_use_id").unwrap_or_default();
    let is_error = block.flag("is_error");
    let content = match block.take("content") {
        None => Vec::new(),
        Some(Value::String(text)) => vec![ContentBlock::Text(text)],
        Some(Value::Array(blocks)) => {
            let name = block.name("content");
            let check = block.check();
            let read = |(at, value)| inner(value, format!("{name}.{at}"), files, check);
            blocks.into_iter().enumerate().map(read).collect()
        }
        Some(_) => {
            block.wrong("content", "type", "must be a string or an array of blocks");
            Vec::new()
        }
    };
    ToolResult { call_id, content, is_error }
}

/// A block within the result of a tool.
fn inner(value: Value, field: String, files: &mut RequestFiles, check: &mut FieldChecks) -> ContentBlock {
    let Value::Object(mut members) = value else {
        check.wrong(&field, "type", "must be an object");
        return wrong();
    };
    match members.remove("type") {
        Some(Value::String(kind)) => {
            read(InputBlock { kind, members }, BlockPlace::Result, field, files, check)
        }
        Some(_) => {
            check.wrong(&format!("{field}.type"), "type", "must be a string");
            wrong()
        }
        None => {
            check.wrong(&format!("{field}.type"), "required", "must be given");
            wrong()
        }
    }
}
