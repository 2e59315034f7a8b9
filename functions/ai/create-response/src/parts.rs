//! Turns the parts of messages and outputs into blocks of a turn.

use contracts::openai::responses::{InputPart, TextOrList};
use domain::field::FieldChecks;
use ports::ContentBlock;
use wiring_ai::RequestFiles;
use wiring_ai::files::document_of_url;

/// The place of parts, which decides about the kinds that they may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartsOf {
    /// Instructions: texts.
    Instructions,
    /// The caller's message or the output of a call: texts, pictures and documents.
    Caller,
    /// The model's message: texts and refusals. Parts of other kinds are left alone, so that a history from elsewhere
    /// can be sent as it is.
    Model,
}

/// The blocks of a content. A part that can't be read is noted, and stands as an empty text, so that parts keep their
/// places.
pub(crate) fn blocks(
    content: TextOrList<InputPart>,
    of: PartsOf,
    field: &str,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> Vec<ContentBlock> {
    match content {
        TextOrList::Text(text) => vec![ContentBlock::Text(text)],
        TextOrList::List(parts) => {
            let read = |(at, part)| {
                block(part, of, &format!("{field}.{at}"), files, check)
                    .unwrap_or_else(|| ContentBlock::Text(String::new()))
            };
            parts.into_iter().enumerate().map(read).collect()
        }
    }
}

fn block(
    part: InputPart,
    of: PartsOf,
    field: &str,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> Option<ContentBlock> {
    match (part.kind.as_str(), of) {
        ("input_text" | "output_text" | "text", _) => {
            Some(ContentBlock::Text(required(part.text, field, "text", check)?))
        }
        ("refusal", PartsOf::Model) => {
            Some(ContentBlock::Text(required(part.refusal, field, "refusal", check)?))
        }
        ("input_image", PartsOf::Caller) => image(&part, field, files, check),
        ("input_file", PartsOf::Caller) => document(&part, field, files, check),
        (_, PartsOf::Model) => None,
        (_, PartsOf::Caller) => {
            let kinds = "must be input_text, input_image or input_file";
            check.wrong(&format!("{field}.type"), "unsupported", kinds);
            None
        }
        (_, PartsOf::Instructions) => {
            check.wrong(&format!("{field}.type"), "unsupported", "must be input_text in instructions");
            None
        }
    }
}

fn image(
    part: &InputPart,
    field: &str,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> Option<ContentBlock> {
    no_file_id(part, field, "image_url", check)?;
    let url = required(part.image_url.as_deref(), field, "image_url", check)?;
    match files.image_of_url(url) {
        Ok(image) => Some(ContentBlock::Image(image)),
        Err(fault) => {
            check.wrong(&format!("{field}.image_url"), "format", fault);
            None
        }
    }
}

fn document(
    part: &InputPart,
    field: &str,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> Option<ContentBlock> {
    no_file_id(part, field, "file_data", check)?;
    let name = part.filename.as_deref();
    let (member, read) = match &part.file_url {
        Some(url) => ("file_url", files.pdf_of_url(url, name)),
        None => {
            let data = required(part.file_data.as_deref(), field, "file_data", check)?;
            ("file_data", document_of_url(data, name))
        }
    };
    match read {
        Ok(document) => Some(ContentBlock::Document(document)),
        Err(fault) => {
            check.wrong(&format!("{field}.{member}"), "format", fault);
            None
        }
    }
}

fn no_file_id(part: &InputPart, field: &str, instead: &str, check: &mut FieldChecks) -> Option<()> {
    if part.file_id.is_none() {
        return Some(());
    }
    let way_out = format!("is not supported: no files are stored; send the file itself as `{instead}`");
    check.wrong(&format!("{field}.file_id"), "unsupported", way_out);
    None
}

/// The member, or a note that it is missing.
pub(crate) fn required<T>(value: Option<T>, field: &str, member: &str, check: &mut FieldChecks) -> Option<T> {
    if value.is_none() {
        check.wrong(&format!("{field}.{member}"), "required", "must be given");
    }
    value
}
