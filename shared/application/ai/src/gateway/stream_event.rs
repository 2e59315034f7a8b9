//! The parts of a streamed completion as the caller gets them.

use application_core::model_answer::{AnswerCost, AnswerHead};
use domain::ai::TokenCounts;
use futures_util::stream::BoxStream;
use ports::StopReason;

/// A part of a streamed completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// More text.
    Text(String),
    /// A call of a tool begins. All of its arguments follow before the next call or text.
    ToolCall {
        /// Names the call in its result.
        id: String,
        /// The name of the tool.
        name: String,
    },
    /// More of the JSON text of the last call's arguments.
    Arguments(String),
    /// The completion has ended, and is settled. When the gateway's time ended before it was complete, it ends like one
    /// that was too long.
    End(StreamEnd),
    /// The completion broke, and its usage is settled. Nothing follows.
    Broken,
}

/// The end of a streamed completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEnd {
    /// The reason why it ended.
    pub stop: StopReason,
    /// Tokens of the completion itself; at most this many when there are no counts.
    pub tokens: TokenCounts,
    /// The output tokens of the model's reasoning, where the provider counts them apart.
    pub reasoning_tokens: u64,
    /// The usage of the request.
    pub cost: AnswerCost,
}

/// The parts of a completion.
pub type AnswerStream = BoxStream<'static, StreamEvent>;

/// A streamed completion that has begun.
pub struct Streamed {
    /// The facts about it at its beginning.
    pub head: AnswerHead,
    /// Its parts.
    pub events: AnswerStream,
}
