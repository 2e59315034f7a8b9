//! Reads the blocks of a turn. A text stands in the place of a wrong block, which is noted, and of a block that is left
//! alone, so that blocks keep their places.

use crate::members::Members;
use contracts::anthropic::InputBlock;
use domain::field::FieldChecks;
use ports::{ContentBlock, ToolCall, ToolResult};
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
    /// A turn of the model. Blocks that only answers have, such as `thinking`, are left alone.
    Model,
    /// Instructions.
    Instructions,
    /// The result of a tool.
    Result,
}

impl BlockPlace {
    /// The reason for the refusal of a block of another kind.
    const fn kinds(self) -> &'static str {
        match self {
            Self::User | Self::Model => "must be text, image, document, tool_use or tool_result",
            Self::Instructions => "must be text",
            Self::Result => "must be text, image or document in the result of a tool",
        }
    }
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
        ("tool_use", User | Model) => {
            (ContentBlock::ToolCall(call(&mut members)), &["cache_control", "caller"])
        }
        ("tool_result", User | Model) => {
            (ContentBlock::ToolResult(result(&mut members, files)), &["cache_control"])
        }
        (_, Model) => return ContentBlock::Text(String::new()),
        _ => {
            members.wrong("type", "unsupported", place.kinds());
            return wrong();
        }
    };
    // Clients send back the answers that they got, with members that only answers have.
    if place != Model {
        members.finish(harmless);
    }
    block
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
    block.unsupported("context", "is not supported: say it in a block of text");
    if let Some(mut citations) = block.optional_object("citations") {
        if citations.flag("enabled") {
            citations.wrong("enabled", "unsupported", "must be false: answers have no citations");
        }
        citations.finish(&[]);
    }
    let mut source = block.object("source")?;
    let pdf = format!("{title}.pdf");
    let (member, read) = match source.text("type")?.as_str() {
        "base64" => ("data", document_of_url(&source.text("data")?, Some(&pdf))),
        "url" => ("url", files.pdf_of_url(&source.text("url")?, Some(&pdf))),
        "text" => match source.text("data")? {
            blank if blank.trim().is_empty() => ("data", Err("must not be empty")),
            text => ("data", document("text/plain", text.into_bytes(), Some(&format!("{title}.txt")))),
        },
        _ => {
            source.refuse("unsupported", "must be of the type base64, url or text: no files are stored");
            return None;
        }
    };
    finished(source, member, read).map(ContentBlock::Document)
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
