//! The size of a prompt, from which its tokens are estimated without a model. It holds counts and no text.

use std::iter::Sum;
use std::ops::Add;

/// The size of a prompt, or of a part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PromptSize {
    /// The bytes of texts, schemas, arguments and names.
    pub text_bytes: u64,
    /// Turns, and the instructions as one.
    pub turns: u64,
    /// Files, tools, calls and results, around which providers add words of their own.
    pub blocks: u64,
    /// The tools that a model may call; they are among the blocks.
    pub tools: u64,
    /// Pictures.
    pub images: u64,
    /// The bytes of documents that are not text.
    pub document_bytes: u64,
    /// Documents whose size is not known, because they are at a URL.
    pub linked_documents: u64,
}

impl PromptSize {
    /// The size of a text alone.
    pub fn of_text(text: &str) -> Self {
        Self { text_bytes: text.len() as u64, ..Self::default() }
    }

    /// The same within a block of its own.
    pub fn in_block(self) -> Self {
        Self { blocks: self.blocks.saturating_add(1), ..self }
    }

    /// The same as a turn of its own.
    pub fn in_turn(self) -> Self {
        Self { turns: self.turns.saturating_add(1), ..self }
    }
}

impl Add for PromptSize {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            text_bytes: self.text_bytes.saturating_add(other.text_bytes),
            turns: self.turns.saturating_add(other.turns),
            blocks: self.blocks.saturating_add(other.blocks),
            tools: self.tools.saturating_add(other.tools),
            images: self.images.saturating_add(other.images),
            document_bytes: self.document_bytes.saturating_add(other.document_bytes),
            linked_documents: self.linked_documents.saturating_add(other.linked_documents),
        }
    }
}

impl Sum for PromptSize {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}
