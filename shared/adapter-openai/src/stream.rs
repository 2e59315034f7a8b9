//! Translates chunks of a chat completion for the port, each as soon as it arrives. A stream that ends without a finish
//! reason was cut and never looks whole.
//!
//! The counts come in a chunk of their own without choices (OpenAI, Ollama, vLLM) or with the last choice (Mistral,
//! llama.cpp). Some servers send none; the gateway estimates the cost of such an answer.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use ports::{Delta, ModelError, ModelStream, StopReason, Usage};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::answer::{self, Counts};
use crate::failure::{self, ProviderFailure, unavailable};
use crate::sse::EventSplitter;

/// How long the end of the body may take after a whole answer. When it is read to its end, the connection can serve the
/// next call.
const LINGER: Duration = Duration::from_millis(100);

/// How long the token counts may come after the finish reason.
const COUNTS: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Counts>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Part,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Part {
    content: Option<String>,
    refusal: Option<String>,
}

pub(crate) fn read(response: Response<Incoming>, deadline: Instant) -> ModelStream {
    let request_id =
        response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let reader = Reader {
        body: response.into_body(),
        request_id,
        deadline,
        splitter: EventSplitter::default(),
        ready: VecDeque::new(),
        told: StreamedSoFar::default(),
    };
    // Dropping the stream drops the body and so closes the connection.
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        let next = reader.next().await;
        let more = matches!(next, Ok(Delta::Text(_)));
        Some((next, more.then_some(reader)))
    })
    .boxed()
}

struct Reader {
    body: Incoming,
    request_id: Option<String>,
    deadline: Instant,
    splitter: EventSplitter,
    /// Events that arrived together with the one before.
    ready: VecDeque<String>,
    told: StreamedSoFar,
}

impl Reader {
    async fn next(&mut self) -> Result<Delta, ModelError> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                if self.told.done {
                    continue;
                }
                if let Some(text) = self.told.take(&event, self.request_id.as_deref())? {
                    return Ok(Delta::Text(text));
                }
            }
            let deadline = match (self.told.done, self.told.stop) {
                (true, _) => self.deadline.min(Instant::now() + LINGER),
                (false, Some(_)) => self.deadline.min(Instant::now() + COUNTS),
                (false, None) => self.deadline,
            };
            match timeout_at(deadline, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    let data = frame.into_data().unwrap_or_default();
                    let events = self.splitter.push(&data);
                    let events =
                        events.map_err(|error| unavailable(ProviderFailure::BrokenAnswer(error.into())))?;
                    self.ready.extend(events);
                }
                Ok(None) => return self.told.end(),
                // Events after the end of an answer change nothing: the answer was given and must be paid.
                _ if self.told.done || self.told.stop.is_some() => return self.told.end(),
                Ok(Some(Err(error))) => return Err(unavailable(ProviderFailure::BrokenAnswer(error.into()))),
                Err(_) => return Err(ModelError::TimedOut),
            }
        }
    }
}

/// What the chunks have told so far.
#[derive(Default)]
struct StreamedSoFar {
    stop: Option<StopReason>,
    usage: Option<Usage>,
    refused: bool,
    /// Whether the server said that nothing follows.
    done: bool,
}

impl StreamedSoFar {
    /// The text in this event.
    fn take(&mut self, event: &str, request_id: Option<&str>) -> Result<Option<String>, ModelError> {
        if event.trim() == "[DONE]" {
            self.done = true;
            return Ok(None);
        }
        // serde's errors quote the text that they could not read.
        let chunk: Chunk = serde_json::from_str(event)
            .map_err(|_| unavailable(ProviderFailure::Incomplete("readable event")))?;
        if let Some(error) = chunk.error {
            return Err(failure::of_event(&error, request_id.map(str::to_owned)));
        }
        if let Some(usage) = chunk.usage.and_then(Counts::usage) {
            self.usage = Some(usage);
        }
        let Some(choice) = chunk.choices.into_iter().next() else { return Ok(None) };
        if choice.finish_reason.is_some() {
            self.stop = Some(answer::stop_reason(choice.finish_reason.as_deref()));
        }
        let refusal = choice.delta.refusal.filter(|text| !text.is_empty());
        self.refused |= refusal.is_some();
        Ok(refusal.or(choice.delta.content).filter(|text| !text.is_empty()))
    }

    fn end(&self) -> Result<Delta, ModelError> {
        let stop = self.stop.ok_or_else(|| unavailable(ProviderFailure::Incomplete("end")))?;
        Ok(Delta::End { stop: if self.refused { StopReason::Filtered } else { stop }, usage: self.usage })
    }
}
