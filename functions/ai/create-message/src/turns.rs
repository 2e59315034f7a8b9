//! Turns Anthropic's turns into turns of a conversation. Members and blocks that only answers have are left alone in
//! turns of the model, so that a history from elsewhere can be sent as it is.

use crate::blocks::{self, BlockPlace};
use crate::unused;
use contracts::anthropic::{InputContent, MessageRole, MessageTurn};
use domain::field::FieldChecks;
use ports::{ContentBlock, Message, Role};
use wiring_ai::RequestFiles;

/// A turn of the request.
pub(crate) enum ReadTurn {
    /// Instructions.
    Instructions(String),
    /// A turn of the conversation.
    Turn {
        /// The turn.
        message: Message,
        /// Whether its content is a text, and not blocks.
        is_text: bool,
    },
    /// A turn of the model that says nothing, and so changes nothing.
    Nothing,
}

/// Reads the turn at this place. Wrong parts are noted.
pub(crate) fn read(
    turn: MessageTurn,
    place: usize,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> ReadTurn {
    let MessageTurn { role, content, rest } = turn;
    let field = format!("messages.{place}");
    if role != MessageRole::Assistant {
        unused::refuse_all(&rest, &format!("{field}."), check);
    }
    let is_text = matches!(content, InputContent::Text(_));
    let of_role = match role {
        MessageRole::User => BlockPlace::User,
        MessageRole::Assistant => BlockPlace::Model,
        MessageRole::System => BlockPlace::Instructions,
    };
    let content = read_content(content, of_role, &format!("{field}.content"), files, check);
    match role {
        MessageRole::System => ReadTurn::Instructions(joined(&content)),
        MessageRole::User => ReadTurn::Turn { message: Message { role: Role::User, content }, is_text },
        MessageRole::Assistant if !content.iter().any(ContentBlock::says_something) => ReadTurn::Nothing,
        MessageRole::Assistant => {
            ReadTurn::Turn { message: Message { role: Role::Assistant, content }, is_text }
        }
    }
}

/// Reads the instructions of a request.
pub(crate) fn read_system(
    content: InputContent,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> String {
    joined(&read_content(content, BlockPlace::Instructions, "system", files, check))
}

fn read_content(
    content: InputContent,
    place: BlockPlace,
    field: &str,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> Vec<ContentBlock> {
    match content {
        InputContent::Text(text) => vec![ContentBlock::Text(text)],
        InputContent::Blocks(blocks) => {
            let read = |(at, block)| blocks::read(block, place, format!("{field}.{at}"), files, check);
            blocks.into_iter().enumerate().map(read).collect()
        }
    }
}

/// Blocks of instructions are paragraphs.
fn joined(blocks: &[ContentBlock]) -> String {
    let texts: Vec<&str> =
        blocks.iter().filter_map(ContentBlock::as_text).filter(|text| !text.is_empty()).collect();
    texts.join("\n\n")
}
