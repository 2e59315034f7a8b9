//! The events of a streamed answer.

use super::context_edits::AppliedContextEdits;
use super::message::{AnsweredBlock, AnsweredMessage, MessageUsage};
use serde::Serialize;

/// A server-sent event: its data, which begins with its name.
#[derive(Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamedMessageEvent {
    /// The answer begins. Its counts are 0, because they are known at the end only.
    MessageStart {
        /// The answer without content.
        message: AnsweredMessage,
    },
    /// A block begins.
    ContentBlockStart {
        /// The place of the block in the content.
        index: usize,
        /// The block without its text or arguments.
        content_block: AnsweredBlock,
    },
    /// More of the block.
    ContentBlockDelta {
        /// The place of the block in the content.
        index: usize,
        /// The part that follows.
        delta: BlockDelta,
    },
    /// The block is whole.
    ContentBlockStop {
        /// The place of the block in the content.
        index: usize,
    },
    /// The content is whole.
    MessageDelta {
        /// The reason of the end.
        delta: MessageChange,
        /// The tokens that were used.
        usage: MessageUsage,
        /// The edits of the conversation that the request asked for, if it asked for any.
        #[serde(skip_serializing_if = "Option::is_none")]
        context_management: Option<AppliedContextEdits>,
    },
    /// The answer is whole.
    MessageStop,
}

/// A part of a block.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BlockDelta {
    /// More text.
    TextDelta {
        /// The text that follows.
        text: String,
    },
    /// More reasoning.
    ThinkingDelta {
        /// The text that follows.
        thinking: String,
    },
    /// The signature of reasoning, which ends it.
    SignatureDelta {
        /// The whole signature.
        signature: String,
    },
    /// More of the arguments of a call.
    InputJsonDelta {
        /// The JSON text that follows.
        partial_json: String,
    },
}

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageChange {
    /// `end_turn`, `max_tokens`, `stop_sequence`, `tool_use` or `refusal`.
    pub stop_reason: String,
    /// The text that ended the answer, if the request named only one.
    pub stop_sequence: Option<String>,
}

impl StreamedMessageEvent {
    /// The name of the event, which is also the `type` of its data.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
        }
    }
}
