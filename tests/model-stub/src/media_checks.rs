//! The checks that Bedrock makes of images and documents: formats, sizes and numbers. It must never look at pictures
//! beyond the bytes that tell their format.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checks::refused_by_model;
use crate::failure::Failure;
use crate::wire::{ContentBlock, Media, MediaSource, Message, ToolResultBlock};

/// Claude's bound for one image, of its base64 text.
const CLAUDE_IMAGE_BYTES: usize = 5 * 1024 * 1024;
/// Bedrock's bounds for one message.
const IMAGES: usize = 20;
const DOCUMENTS: usize = 5;
const DOCUMENT_BYTES: usize = 4_500_000;

const IMAGE_FORMATS: &[&str] = &["png", "jpeg", "gif", "webp"];
const DOCUMENT_FORMATS: &[&str] = &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];

/// Checks the images and documents of one message.
pub(crate) fn check(m: usize, message: &Message, claude: bool) -> Result<(), Failure> {
    let (mut images, mut documents, mut has_text) = (0, 0, false);
    for (c, block) in message.content.iter().enumerate() {
        match block {
            ContentBlock::Text(_) => has_text = true,
            ContentBlock::Image(image) => {
                images += 1;
                check_image(m, c, image, claude)?;
            }
            ContentBlock::Document(document) => {
                documents += 1;
                check_document(m, c, document)?;
            }
            ContentBlock::ToolResult(result) => check_result(m, c, &result.content, claude)?,
            _ => {}
        }
    }
    let message = if images > IMAGES {
        format!("too many images and documents: {images} > {IMAGES}")
    } else if documents > DOCUMENTS {
        format!("Malformed input request: messages.{m}: {documents} documents are more than {DOCUMENTS}")
    } else if documents > 0 && !has_text {
        // A document alone says nothing about what to do with it.
        format!("messages.{m}: A text block must be included when using documents.")
    } else {
        return Ok(());
    };
    refused_by_model(message)
}

fn check_result(m: usize, c: usize, content: &[ToolResultBlock], claude: bool) -> Result<(), Failure> {
    for (r, block) in content.iter().enumerate() {
        match block {
            ToolResultBlock::Text(text) if text.is_empty() => {
                return Err(Failure::validation(format!(
                    "The text field in the ToolResultContentBlock object at \
                     messages.{m}.content.{c}.toolResult.content.{r} is blank. Add text to the text field, and try \
                     again."
                )));
            }
            ToolResultBlock::Image(image) => check_image(m, c, image, claude)?,
            ToolResultBlock::Document(document) => check_document(m, c, document)?,
            ToolResultBlock::Json(value) if !value.is_object() => {
                return Err(Failure::validation(format!(
                    "The format of the value at messages.{m}.content.{c}.toolResult.content.{r}.json is invalid. \
                     Provide a json object for the field and try again."
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_format(media: &Media, place: &str, known: &[&str]) -> Result<(), Failure> {
    if known.contains(&media.format.as_str()) {
        return Ok(());
    }
    Err(Failure::validation(format!(
        "1 validation error detected: Value '{}' at '{place}.format' failed to satisfy constraint: Member must satisfy \
         enum value set: [{}]",
        media.format,
        known.join(", ")
    )))
}

/// The bytes of a medium; none when they are elsewhere.
fn bytes(media: &Media) -> Result<Option<Vec<u8>>, Failure> {
    let MediaSource::Bytes(text) = &media.source else { return Ok(None) };
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| Failure::validation("The request has bytes that are not base64."))?;
    match bytes.is_empty() {
        true => Err(Failure::validation("The source field of a medium is empty.")),
        false => Ok(Some(bytes)),
    }
}

fn check_image(m: usize, c: usize, image: &Media, claude: bool) -> Result<(), Failure> {
    let place = format!("messages.{}.member.content.{}.member.image", m + 1, c + 1);
    check_format(image, &place, IMAGE_FORMATS)?;
    let Some(bytes) = bytes(image)? else { return Ok(()) };
    let encoded = bytes.len().div_ceil(3) * 4;
    if claude && encoded > CLAUDE_IMAGE_BYTES {
        return refused_by_model(format!(
            "messages.{m}.content.{c}.image.source.bytes: image exceeds 5 MB maximum: {encoded} bytes > \
             {CLAUDE_IMAGE_BYTES} bytes"
        ));
    }
    let is_of_format = match image.format.as_str() {
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
        "gif" => bytes.starts_with(b"GIF8"),
        _ => bytes.starts_with(b"RIFF"),
    };
    match is_of_format {
        true => Ok(()),
        false => refused_by_model("The provided image does not match the specified image format."),
    }
}

/// A document's name may give the model instructions, so the service restricts its characters.
fn check_document(m: usize, c: usize, document: &Media) -> Result<(), Failure> {
    let place = format!("messages.{}.member.content.{}.member.document", m + 1, c + 1);
    check_format(document, &place, DOCUMENT_FORMATS)?;
    let name = document.name.as_deref().unwrap_or_default();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '(' | ')' | '[' | ']');
    if !(1..=200).contains(&name.len()) || !name.chars().all(known) || name.contains("  ") {
        return Err(Failure::validation(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, \
             parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.",
        ));
    }
    match bytes(document)? {
        Some(bytes) if bytes.len() > DOCUMENT_BYTES => {
            refused_by_model(format!("messages.{m}.content.{c}: the document is too large."))
        }
        _ => Ok(()),
    }
}
