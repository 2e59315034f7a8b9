//! Pictures and documents in requests: `data:` URLs (RFC 2397) in base64. What a file is, its own first bytes say; the
//! media type that a client names is often wrong. Errors never repeat a part of a file.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ports::{Document, DocumentFormat, Image, ImageFormat};
use std::sync::Arc;

/// The most characters of a document's name.
const LONGEST_NAME: usize = 200;

/// The reason why a file can't be read, for the caller.
pub type FileFault = &'static str;

/// The picture in these bytes in base64.
pub fn image_of_base64(text: &str) -> Result<Image, FileFault> {
    image(decoded(text)?.into())
}

/// The picture in these bytes.
pub(crate) fn image(data: Arc<[u8]>) -> Result<Image, FileFault> {
    let format = match &*data {
        [0x89, b'P', b'N', b'G', ..] => ImageFormat::Png,
        [0xff, 0xd8, 0xff, ..] => ImageFormat::Jpeg,
        [b'G', b'I', b'F', b'8', ..] => ImageFormat::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ImageFormat::Webp,
        _ => return Err("must be a picture in PNG, JPEG, GIF or WebP"),
    };
    Ok(Image { format, data })
}

/// The document in a `data:` URL, or in base64 alone.
pub fn document_of_url(url: &str, name: Option<&str>) -> Result<Document, FileFault> {
    match data_url(url) {
        Some(read) => {
            let (media_type, data) = read?;
            document(&media_type, data, name)
        }
        None => document("", decoded(url)?, name),
    }
}

/// The document in these bytes, by its first bytes, its media type or the extension of its name.
pub fn document(media_type: &str, data: Vec<u8>, name: Option<&str>) -> Result<Document, FileFault> {
    let (_, extension) = stem_and_extension(name);
    let format = if data.starts_with(b"%PDF-") {
        DocumentFormat::Pdf
    } else {
        let kind = [media_type, extension].into_iter().find_map(text_format);
        let format = kind.ok_or("must be a document in PDF, text, Markdown, CSV or HTML")?;
        std::str::from_utf8(&data).map_err(|_| "must be UTF-8: it is a document of text")?;
        format
    };
    Ok(Document { name: told_name(name), format, data: Arc::from(data) })
}

/// The PDF in these bytes.
pub(crate) fn pdf(data: Arc<[u8]>, name: Option<&str>) -> Document {
    Document { name: told_name(name), format: DocumentFormat::Pdf, data }
}

/// The name that the model is told.
fn told_name(name: Option<&str>) -> String {
    let (stem, _) = stem_and_extension(name);
    let stem: String = stem.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    if stem.trim().is_empty() { "document".to_owned() } else { stem }
}

fn stem_and_extension(name: Option<&str>) -> (&str, &str) {
    name.and_then(|name| name.rsplit_once('.')).unwrap_or((name.unwrap_or_default(), ""))
}

fn text_format(name: &str) -> Option<DocumentFormat> {
    match name.to_ascii_lowercase().as_str() {
        "text/plain" | "txt" | "text" => Some(DocumentFormat::Txt),
        "text/markdown" | "md" => Some(DocumentFormat::Md),
        "text/csv" | "csv" => Some(DocumentFormat::Csv),
        "text/html" | "html" | "htm" => Some(DocumentFormat::Html),
        _ => None,
    }
}

/// The media type and the data of a `data:` URL; `None` for any other URL.
pub(crate) fn data_url(url: &str) -> Option<Result<(String, Vec<u8>), FileFault>> {
    let scheme = url.get(..5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let read = |(head, data): (&str, &str)| {
        let mut parts = head.split(';');
        let media_type = parts.next().unwrap_or_default().to_owned();
        if !parts.any(|part| part.trim().eq_ignore_ascii_case("base64")) {
            return Err("must be a data: URL in base64");
        }
        Ok((media_type, decoded(data)?))
    };
    Some(
        url.get(5..)
            .and_then(|rest| rest.split_once(','))
            .ok_or("must be a data: URL in base64")
            .and_then(read),
    )
}

fn decoded(text: &str) -> Result<Vec<u8>, FileFault> {
    let text = text.trim();
    let read =
        STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).map_err(|_| "must be base64")?;
    if read.is_empty() { Err("must not be empty") } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(media_type: &str, data: &[u8]) -> String {
        format!("data:{media_type};base64,{}", STANDARD.encode(data))
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        let png = b"\x89PNG\r\n\x1a\n...";
        for media_type in ["image/png", "image/jpeg", "application/octet-stream", ""] {
            let (_, data) = data_url(&url(media_type, png)).unwrap().unwrap();
            assert_eq!(image(data.into()).unwrap().format, ImageFormat::Png);
        }
        for wrong in ["data:image/png,abc", "data:image/png;base64,%%%", "data:"] {
            assert!(data_url(wrong).unwrap().is_err(), "{wrong}");
        }
        for other in ["https://x.example/a.png", "é"] {
            assert!(data_url(other).is_none(), "{other}");
        }
        assert!(image_of_base64(&STANDARD.encode("<svg/>")).is_err());
    }

    #[test]
    fn a_document_is_named_and_its_text_is_utf_8() {
        let pdf = document_of_url(&url("application/pdf", b"%PDF-1.7 ..."), Some("offer 7.pdf")).unwrap();
        assert_eq!((pdf.name.as_str(), pdf.format), ("offer 7", DocumentFormat::Pdf));
        let csv = document_of_url(&STANDARD.encode("a,b"), Some("rows.CSV")).unwrap();
        assert_eq!((csv.name.as_str(), csv.format), ("rows", DocumentFormat::Csv));
        assert_eq!(document_of_url(&url("text/plain", b"x"), None).unwrap().name, "document");
        assert!(document_of_url(&url("text/plain", b"\xff"), None).is_err());
        assert!(document_of_url(&url("application/zip", b"PK"), Some("a.docx")).is_err());
    }
}
