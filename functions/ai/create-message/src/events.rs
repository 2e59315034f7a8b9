//! Turns a streamed completion into Anthropic's server-sent events: the beginning of the message, each block with its
//! beginning, its parts and its end, the reason of the end with the token counts, and the end. A completion that breaks
//! ends with the event `error`, so that clients raise an error.

use crate::AskedMessage;
use crate::answer::{begun, no_arguments, stop_reason, stop_sequence, usage};
use application_ai::gateway::{StreamEnd, StreamEvent, Streamed};
use contracts::anthropic::{AnsweredBlock, BlockDelta, ErrorBody, MessageChange, StreamedMessageEvent};
use edge::Problem;
use edge::streaming::Body;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;

/// The events of a streamed answer.
pub(crate) fn events(answer: Streamed, asked: AskedMessage) -> Body {
    let message = begun(&answer.head.request_id, answer.head.model);
    let first = written(&StreamedMessageEvent::MessageStart { message });
    let mut writer = BlockWriter { asked, next: 0, open: None };
    let rest = answer.events.map(move |part| writer.write(part));
    stream::iter([first]).chain(rest).boxed()
}

/// The kind of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    Text,
    Thinking,
    Redacted,
    Call,
}

/// Writes the parts of a completion as parts of blocks.
struct BlockWriter {
    asked: AskedMessage,
    /// The place of the next block.
    next: usize,
    /// The block that has begun, and its place.
    open: Option<(BlockKind, usize)>,
}

impl BlockWriter {
    fn write(&mut self, part: StreamEvent) -> Result<Vec<u8>, Problem> {
        let mut sent = Vec::new();
        match part {
            StreamEvent::Text(text) => {
                let index = match self.open {
                    Some((BlockKind::Text, index)) => index,
                    _ => {
                        let block = AnsweredBlock::Text { text: String::new() };
                        self.begin(BlockKind::Text, block, &mut sent)?
                    }
                };
                let delta = BlockDelta::TextDelta { text };
                sent.extend(written(&StreamedMessageEvent::ContentBlockDelta { index, delta })?);
            }
            StreamEvent::Reasoning(thinking) => {
                let index = self.thinking(&mut sent)?;
                let delta = BlockDelta::ThinkingDelta { thinking };
                sent.extend(written(&StreamedMessageEvent::ContentBlockDelta { index, delta })?);
            }
            StreamEvent::ReasoningSignature(signature) => {
                let index = self.thinking(&mut sent)?;
                let delta = BlockDelta::SignatureDelta { signature };
                sent.extend(written(&StreamedMessageEvent::ContentBlockDelta { index, delta })?);
                self.end(&mut sent)?;
            }
            StreamEvent::RedactedReasoning(data) => {
                self.begin(BlockKind::Redacted, AnsweredBlock::RedactedThinking { data }, &mut sent)?;
            }
            StreamEvent::ToolCall { id, name } => {
                let block = AnsweredBlock::ToolUse { id, name, input: no_arguments()? };
                self.begin(BlockKind::Call, block, &mut sent)?;
            }
            StreamEvent::Arguments(partial_json) => {
                if let Some((BlockKind::Call, index)) = self.open {
                    let delta = BlockDelta::InputJsonDelta { partial_json };
                    sent.extend(written(&StreamedMessageEvent::ContentBlockDelta { index, delta })?);
                }
            }
            StreamEvent::End(StreamEnd { stop, tokens, reasoning_tokens, cost: _ }) => {
                self.end(&mut sent)?;
                let delta = MessageChange {
                    stop_reason: stop_reason(stop).to_owned(),
                    stop_sequence: stop_sequence(stop, self.asked.only_stop.as_deref()),
                };
                let usage = usage(&tokens, reasoning_tokens);
                let context_management = self.asked.edits.take();
                let end = StreamedMessageEvent::MessageDelta { delta, usage, context_management };
                sent.extend(written(&end)?);
                sent.extend(written(&StreamedMessageEvent::MessageStop)?);
            }
            StreamEvent::Broken => sent.extend(broke_off()?),
        }
        Ok(sent)
    }

    /// The place of the block of reasoning that has begun; a new one if none has.
    fn thinking(&mut self, sent: &mut Vec<u8>) -> Result<usize, Problem> {
        if let Some((BlockKind::Thinking, index)) = self.open {
            return Ok(index);
        }
        let block = AnsweredBlock::Thinking { thinking: String::new(), signature: String::new() };
        self.begin(BlockKind::Thinking, block, sent)
    }

    /// Ends the open block and begins another one; its place.
    fn begin(&mut self, kind: BlockKind, block: AnsweredBlock, sent: &mut Vec<u8>) -> Result<usize, Problem> {
        self.end(sent)?;
        let index = self.next;
        self.next += 1;
        self.open = Some((kind, index));
        sent.extend(written(&StreamedMessageEvent::ContentBlockStart { index, content_block: block })?);
        Ok(index)
    }

    /// Ends the open block, if there is one.
    fn end(&mut self, sent: &mut Vec<u8>) -> Result<(), Problem> {
        if let Some((_, index)) = self.open.take() {
            sent.extend(written(&StreamedMessageEvent::ContentBlockStop { index })?);
        }
        Ok(())
    }
}

/// The event at the end of an answer that broke off.
pub(crate) fn broke_off() -> Result<Vec<u8>, Problem> {
    let message = "The answer broke off.".to_owned();
    server_sent("error", &ErrorBody::new("api_error", message, "models_unavailable", None))
}

fn written(event: &StreamedMessageEvent) -> Result<Vec<u8>, Problem> {
    server_sent(event.name(), event)
}

/// A server-sent event. JSON has no line breaks outside of strings, and only escaped ones in them.
fn server_sent(name: &str, data: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let json = serde_json::to_string(data).map_err(Problem::internal)?;
    Ok(format!("event: {name}\ndata: {json}\n\n").into_bytes())
}
