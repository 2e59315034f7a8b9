//! The parts of a streamed completion as the caller gets them.

use crate::ask::GatewayAnswer;
use crate::structured::unfenced;
use application_core::model_answer::{AnswerCost, AnswerHead};
use domain::ai::TokenCounts;
use futures_util::stream::{BoxStream, StreamExt, iter};
use ports::{ModelError, ReasoningContent, StopReason, ToolCall, Usage};

/// A part of a streamed completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// More text.
    Text(String),
    /// More reasoning that can be read.
    Reasoning(String),
    /// The end of reasoning that can be read, with the signature that its model must get back with it.
    ReasoningSignature(String),
    /// Reasoning that the provider shows to nobody, whole and in base64.
    RedactedReasoning(String),
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

/// The way in which a stream ended.
pub(super) enum StreamOutcome {
    Whole { stop: StopReason, usage: Option<Usage> },
    Failed(ModelError),
}

impl StreamOutcome {
    /// Whether the model ended its last part itself.
    pub(super) fn ends_calls(&self) -> bool {
        match self {
            Self::Whole { stop, .. } => {
                matches!(stop, StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolCalls)
            }
            Self::Failed(_) => false,
        }
    }
}

/// A cached completion as a stream.
pub(super) fn replayed(answer: GatewayAnswer, structured: bool) -> Streamed {
    let GatewayAnswer { head, reasoning, text, tool_calls, stop, tokens, reasoning_tokens, cost, .. } =
        answer;
    let reasoning = reasoning.into_iter().flat_map(|block| match block {
        ReasoningContent::Text { text, signature } => {
            let text = Some(text).filter(|text| !text.is_empty()).map(StreamEvent::Reasoning);
            [text, signature.map(StreamEvent::ReasoningSignature)]
        }
        ReasoningContent::Redacted(data) => [Some(StreamEvent::RedactedReasoning(data)), None],
    });
    let text = if structured { unfenced(&text).to_owned() } else { text };
    let text = (!text.is_empty()).then_some(StreamEvent::Text(text));
    let calls = tool_calls.into_iter().flat_map(|ToolCall { id, name, arguments }| {
        [StreamEvent::ToolCall { id, name }, StreamEvent::Arguments(arguments)]
    });
    let end = StreamEvent::End(StreamEnd { stop, tokens, reasoning_tokens, cost });
    let events: Vec<StreamEvent> = reasoning.flatten().chain(text).chain(calls).chain([end]).collect();
    Streamed { head, events: iter(events).boxed() }
}
