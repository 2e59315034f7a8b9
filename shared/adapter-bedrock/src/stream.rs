//! Translates Bedrock's events for the port, each as soon as it arrives. A stream that ends without a stop reason was
//! cut and never looks whole. A stream that ends without token counts is whole; the gateway estimates its cost.

use std::time::Duration;

use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamOutput;
use aws_sdk_bedrockruntime::primitives::event_stream::EventReceiver;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_sdk_bedrockruntime::types::{self, ContentBlockDelta, ContentBlockStart, ReasoningContentBlockDelta};
use aws_smithy_types::base64;
use futures_util::StreamExt;
use futures_util::stream;
use ports::{Delta, MappedNames, ModelError, ModelStream, StopReason};
use tokio::time::{Instant, timeout_at};

use crate::answer;
use crate::failure::{self, ProviderFailure, unavailable};
use crate::tools::ANSWER_TOOL;

/// How long the end of the body may take after a whole answer. When it is read to its end, the connection can serve the
/// next call.
const LINGER: Duration = Duration::from_millis(100);

/// How long the token counts may come after the stop reason.
const COUNTS: Duration = Duration::from_secs(2);

/// With `structured`, the answer is the input of the answer tool.
pub(crate) fn read(
    output: ConverseStreamOutput,
    tools: MappedNames,
    structured: bool,
    deadline: Instant,
) -> ModelStream {
    let request_id = output.request_id().map(str::to_owned);
    let told = StreamedSoFar { tools, structured, ..StreamedSoFar::default() };
    let reader = Reader { events: output.stream, request_id, deadline, told };
    // Dropping the stream drops the receiver and so closes the connection.
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        let next = reader.next().await;
        let more = !matches!(next, Ok(Delta::End { .. }) | Err(_));
        Some((next, more.then_some(reader)))
    })
    .boxed()
}

struct Reader {
    events: EventReceiver<types::ConverseStreamOutput, ConverseStreamOutputError>,
    request_id: Option<String>,
    deadline: Instant,
    told: StreamedSoFar,
}

impl Reader {
    async fn next(&mut self) -> Result<Delta, ModelError> {
        loop {
            let deadline = match (&self.told.stop, &self.told.usage) {
                (Some(_), Some(_)) => self.deadline.min(Instant::now() + LINGER),
                (Some(_), None) => self.deadline.min(Instant::now() + COUNTS),
                (None, _) => self.deadline,
            };
            let event = match timeout_at(deadline, self.events.recv()).await {
                Ok(Ok(Some(event))) => event,
                Ok(Ok(None)) => return self.told.end(),
                // Events after the end of an answer change nothing: the answer was given and must be paid.
                _ if self.told.stop.is_some() => return self.told.end(),
                Ok(Err(error)) => return Err(failure::of_event(error, self.request_id.as_deref())),
                Err(_) => return Err(ModelError::TimedOut),
            };
            if let Some(part) = self.told.take(event) {
                return Ok(part);
            }
        }
    }
}

/// What the events have told so far.
#[derive(Default)]
struct StreamedSoFar {
    tools: MappedNames,
    structured: bool,
    /// The index of the answer tool's block; the first one if the model calls the tool again.
    answer: Option<i32>,
    /// The indexes of blocks that call the caller's tools.
    calls: Vec<i32>,
    /// Text beside the tool that the model is forced to call. It is the answer only if no tool is called, just as in a
    /// whole answer, so it must wait.
    aside: String,
    /// The signature, or the hidden content, of the block of reasoning that is arriving. Half of either is worth nothing,
    /// so it is passed on when the block ends.
    signature: String,
    redacted: Vec<u8>,
    said: bool,
    stop: Option<types::StopReason>,
    usage: Option<types::TokenUsage>,
}

impl StreamedSoFar {
    /// The part of this event that can be passed on now.
    fn take(&mut self, event: types::ConverseStreamOutput) -> Option<Delta> {
        match event {
            types::ConverseStreamOutput::ContentBlockStart(start) => {
                let index = start.content_block_index();
                let Some(ContentBlockStart::ToolUse(tool)) = start.start else { return None };
                if tool.name() == ANSWER_TOOL {
                    self.answer.get_or_insert(index);
                    return None;
                }
                self.calls.push(index);
                let name = self.tools.to_caller(tool.name());
                Some(Delta::ToolCall { id: tool.tool_use_id().to_owned(), name })
            }
            types::ConverseStreamOutput::ContentBlockDelta(delta) => {
                let index = delta.content_block_index();
                self.take_delta(index, delta.delta?)
            }
            types::ConverseStreamOutput::ContentBlockStop(_) => self.end_of_reasoning(),
            types::ConverseStreamOutput::MessageStop(stop) => {
                self.stop = Some(stop.stop_reason().clone());
                None
            }
            types::ConverseStreamOutput::Metadata(metadata) => {
                self.usage = metadata.usage;
                None
            }
            _ => None,
        }
    }

    fn take_delta(&mut self, index: i32, delta: ContentBlockDelta) -> Option<Delta> {
        match delta {
            ContentBlockDelta::Text(text) if self.structured => {
                self.aside.push_str(&text);
                None
            }
            ContentBlockDelta::Text(text) => self.text(text),
            ContentBlockDelta::ToolUse(tool) if self.answer == Some(index) => self.text(tool.input),
            ContentBlockDelta::ToolUse(tool) if self.calls.contains(&index) => {
                (!tool.input.is_empty()).then_some(Delta::Arguments(tool.input))
            }
            ContentBlockDelta::ReasoningContent(part) => self.take_reasoning(part),
            _ => None,
        }
    }

    fn take_reasoning(&mut self, part: ReasoningContentBlockDelta) -> Option<Delta> {
        match part {
            ReasoningContentBlockDelta::Text(text) => (!text.is_empty()).then_some(Delta::Reasoning(text)),
            ReasoningContentBlockDelta::Signature(signature) => {
                self.signature.push_str(&signature);
                None
            }
            ReasoningContentBlockDelta::RedactedContent(data) => {
                self.redacted.extend_from_slice(data.as_ref());
                None
            }
            _ => None,
        }
    }

    /// The signature or the hidden content of a block that has ended.
    fn end_of_reasoning(&mut self) -> Option<Delta> {
        let (signature, redacted) = (std::mem::take(&mut self.signature), std::mem::take(&mut self.redacted));
        if !redacted.is_empty() {
            return Some(Delta::RedactedReasoning(base64::encode(redacted)));
        }
        (!signature.is_empty()).then_some(Delta::ReasoningSignature(signature))
    }

    fn text(&mut self, text: String) -> Option<Delta> {
        self.said |= !text.is_empty();
        (!text.is_empty()).then_some(Delta::Text(text))
    }

    fn end(&mut self) -> Result<Delta, ModelError> {
        let Some(reason) = &self.stop else {
            return Err(unavailable(ProviderFailure::Incomplete("end")));
        };
        let stop = answer::stop_reason(reason, !self.calls.is_empty());
        if self.structured && !self.said {
            self.said = true;
            // A tool that is called without input has an empty object as input, which a stream sends as no text at all.
            let text = match self.answer {
                Some(_) => "{}".to_owned(),
                None => std::mem::take(&mut self.aside),
            };
            if !text.is_empty() && stop != StopReason::Malformed {
                return Ok(Delta::Text(text));
            }
        }
        let usage = self.usage.as_ref().and_then(|usage| answer::metered(usage, stop));
        Ok(Delta::End { stop, usage })
    }
}
