//! The turns of a conversation: texts, reasoning, pictures, documents, calls of tools and their results. `Debug` never
//! shows a text, an argument or a file.

use super::{Bytes, ReasoningContent};
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// The speaker of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// The parts in their order.
    pub content: Vec<ContentBlock>,
}

/// A part of a turn.
#[derive(Clone, PartialEq)]
pub enum ContentBlock {
    /// Text.
    Text(String),
    /// The model's reasoning; only in its own turns, and before a block of another kind.
    Reasoning(ReasoningContent),
    /// A picture, in turns of the caller and in results of tools.
    Image(Image),
    /// A document, in turns of the caller.
    Document(Document),
    /// The model called a tool; only in its own turns.
    ToolCall(ToolCall),
    /// The result of a call, in the caller's turn after the call.
    ToolResult(ToolResult),
}

/// A picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// The format of the data.
    pub format: ImageFormat,
    /// The file.
    pub data: Arc<[u8]>,
}

/// The formats of pictures that models take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF; models see its first picture.
    Gif,
    /// WebP.
    Webp,
}

impl ImageFormat {
    /// The name after `image/` in a media type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Gif => "gif",
            Self::Webp => "webp",
        }
    }
}

/// A document.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// The name that the model is told, without an extension.
    pub name: String,
    /// The format of the data.
    pub format: DocumentFormat,
    /// The file.
    pub data: Arc<[u8]>,
}

/// The formats of documents that models take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentFormat {
    /// PDF.
    Pdf,
    /// Plain text.
    Txt,
    /// Markdown.
    Md,
    /// Comma-separated values.
    Csv,
    /// HTML.
    Html,
}

impl DocumentFormat {
    /// The name, which is the usual extension of the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Txt => "txt",
            Self::Md => "md",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Txt => "text/plain",
            Self::Md => "text/markdown",
            Self::Csv => "text/csv",
            Self::Html => "text/html",
        }
    }

    /// Whether the file is text, so that its length bounds the number of its tokens.
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Pdf)
    }
}

/// A call of a tool.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Names the call in its result.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    /// The arguments as JSON text, in the model's own order and spacing.
    pub arguments: String,
}

/// The result of a call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The id of the call.
    pub call_id: String,
    /// Texts, pictures and documents; may be empty.
    pub content: Vec<ContentBlock>,
    /// Whether the tool failed.
    pub is_error: bool,
}

impl Message {
    /// A turn with one text.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: vec![ContentBlock::Text(text.into())] }
    }

    /// All texts of the turn, one after the other. Results of tools are not texts of the turn.
    pub fn joined_text(&self) -> String {
        self.content.iter().filter_map(ContentBlock::as_text).collect()
    }
}

impl ContentBlock {
    /// The text of a text block.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the block tells the model something: reasoning and white space alone do not.
    pub fn says_something(&self) -> bool {
        match self {
            Self::Text(text) => !text.trim().is_empty(),
            Self::Reasoning(_) => false,
            Self::Image(_) | Self::Document(_) | Self::ToolCall(_) | Self::ToolResult(_) => true,
        }
    }

    /// Whether the block is a call of a tool or its result.
    pub fn is_about_tools(&self) -> bool {
        matches!(self, Self::ToolCall(_) | Self::ToolResult(_))
    }

    /// This block and the blocks in it.
    pub fn with_inner(&self) -> impl Iterator<Item = &Self> {
        let inner = match self {
            Self::ToolResult(result) => result.content.as_slice(),
            _ => &[],
        };
        std::iter::once(self).chain(inner)
    }
}

impl Debug for ContentBlock {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Bytes(text)).finish(),
            Self::Reasoning(reasoning) => f.debug_tuple("Reasoning").field(reasoning).finish(),
            Self::Image(image) => f.debug_tuple("Image").field(image).finish(),
            Self::Document(document) => f.debug_tuple("Document").field(document).finish(),
            Self::ToolCall(call) => f.debug_tuple("ToolCall").field(call).finish(),
            Self::ToolResult(result) => f.debug_tuple("ToolResult").field(result).finish(),
        }
    }
}

impl Debug for Image {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { format, data } = self;
        f.debug_struct("Image").field("format", format).field("bytes", &data.len()).finish()
    }
}

impl Debug for Document {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, format, data } = self;
        f.debug_struct("Document")
            .field("name", &Bytes(name))
            .field("format", format)
            .field("bytes", &data.len())
            .finish()
    }
}

impl Debug for ToolCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { id: _, name: _, arguments } = self;
        f.debug_struct("ToolCall").field("arguments", &Bytes(arguments)).finish_non_exhaustive()
    }
}
