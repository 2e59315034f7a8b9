//! Translates chunks of a chat completion for the port, each as soon as it arrives. A stream that ends without a finish
//! reason was cut and never looks whole.
//!
//! The counts come in a chunk of their own without choices (OpenAI, Ollama, vLLM), with the last choice (Mistral,
//! llama.cpp), within it (Moonshot) or in `x_groq` (Groq). Some servers send none; the gateway estimates the cost of such an answer.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes};
use ports::{Delta, MappedNames, ModelError, ModelStream, StopReason, Usage};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::answer;
use crate::content::{self, Content};
use crate::counts::{Counts, GroqExtension};
use crate::failure::{self, ProviderFailure, unavailable};
use crate::sse::EventSplitter;

/// How long the end of the body may take after a whole answer. When it is read to its end, the connection can serve the
/// next call.
const LINGER: Duration = Duration::from_millis(100);

/// How long the token counts may come after the finish reason.
const COUNTS: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    x_groq: Option<GroqExtension>,
    error: Option<Value>,
    /// `error` in older vLLM, whose errors have no object around them.
    object: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<MessagePart>,
    finish_reason: Option<String>,
    usage: Option<Counts>,
}

#[derive(Default, Deserialize)]
struct MessagePart {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<CallPart>>,
}

/// A part of a call. Its first part has the name; the later ones may have the index alone.
#[derive(Deserialize)]
struct CallPart {
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionPart>,
}

#[derive(Deserialize)]
struct FunctionPart {
    name: Option<String>,
    #[serde(default, deserialize_with = "content::arguments")]
    arguments: Option<String>,
}

/// The parts of a stream, in the order of its events, until its end or the error that ended it. `tools` has the caller's
/// names of tools.
pub(crate) fn read<B>(response: Response<B>, tools: MappedNames, deadline: Instant) -> ModelStream
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Error + Send + Sync + 'static,
{
    let request_id =
        response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let reader = Reader {
        body: response.into_body(),
        request_id,
        deadline,
        splitter: EventSplitter::default(),
        ready: VecDeque::new(),
        told: StreamedSoFar { tools, ..StreamedSoFar::default() },
    };
    // Dropping the stream drops the body and so closes the connection.
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        let next = reader.next().await;
        let more = !matches!(next, Ok(Delta::End { .. }) | Err(_));
        Some((next, more.then_some(reader)))
    })
    .boxed()
}

struct Reader<B> {
    body: B,
    request_id: Option<String>,
    deadline: Instant,
    splitter: EventSplitter,
    /// Events that arrived together with the one before.
    ready: VecDeque<String>,
    told: StreamedSoFar,
}

impl<B> Reader<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Error + Send + Sync + 'static,
{
    async fn next(&mut self) -> Result<Delta, ModelError> {
        loop {
            if let Some(part) = self.told.parts.pop_front() {
                return Ok(part);
            }
            if let Some(event) = self.ready.pop_front() {
                if !self.told.done {
                    self.told.take(&event, self.request_id.as_deref())?;
                }
                continue;
            }
            let deadline = match (self.told.done, &self.told.stop) {
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

/// A call that has begun, as the server tells it apart from others.
struct BegunCall {
    index: usize,
    id: Option<String>,
}

/// What the chunks have told so far.
#[derive(Default)]
struct StreamedSoFar {
    tools: MappedNames,
    /// Parts that can be passed on.
    parts: VecDeque<Delta>,
    stop: Option<String>,
    usage: Option<Usage>,
    refused: bool,
    /// The calls that have begun.
    calls: Vec<BegunCall>,
    /// Whether the model wrote a call that can't be read. It is no failure of the server.
    malformed: bool,
    /// Whether the server said that nothing follows.
    done: bool,
}

impl StreamedSoFar {
    /// Takes the parts in this event.
    fn take(&mut self, event: &str, request_id: Option<&str>) -> Result<(), ModelError> {
        if event.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        // serde's errors quote the text that they could not read.
        let unreadable = || unavailable(ProviderFailure::Incomplete("readable event"));
        let chunk: Chunk = serde_json::from_str(event).map_err(|_| unreadable())?;
        let error = match chunk.error {
            None if chunk.object.as_deref() == Some("error") => {
                Some(serde_json::from_str(event).map_err(|_| unreadable())?)
            }
            error => error,
        };
        if let Some(error) = error {
            return Err(failure::of_event(&error, request_id.map(str::to_owned)));
        }
        self.take_counts(chunk.usage);
        self.take_counts(chunk.x_groq.and_then(|extension| extension.usage));
        let Some(choice) = chunk.choices.into_iter().flatten().next() else { return Ok(()) };
        self.take_counts(choice.usage);
        // Some servers send an empty reason until there is one.
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.stop = Some(reason);
        }
        let MessagePart { content, refusal, tool_calls } = choice.delta.unwrap_or_default();
        let refusal = refusal.filter(|text| !text.is_empty());
        self.refused |= refusal.is_some();
        let text = refusal.or(content.map(Content::into_text)).filter(|text| !text.is_empty());
        self.parts.extend(text.map(Delta::Text));
        tool_calls.into_iter().flatten().for_each(|part| self.take_call(part));
        Ok(())
    }

    fn take_counts(&mut self, counts: Option<Counts>) {
        self.usage = counts.and_then(Counts::usage).or(self.usage);
    }

    /// Takes a part of a call. Parts of several calls never alternate: a call is whole before the next one begins.
    fn take_call(&mut self, part: CallPart) {
        let CallPart { index, id, function } = part;
        let (name, arguments) = function.map_or((None, None), |it| (it.name, it.arguments));
        let name = name.filter(|name| !name.is_empty());
        let id = id.filter(|id| !id.is_empty());
        // Some servers send whole calls without an index.
        let index = index.unwrap_or_else(|| self.calls.len().saturating_sub(usize::from(name.is_none())));
        let is_known = self.calls.iter().any(|call| call.index == index);
        let is_last = self.calls.last().is_some_and(|call| call.index == index);
        match name {
            Some(name) if !is_known || self.is_another_call(index, id.as_deref()) => {
                self.begin_call(index, id, name);
            }
            _ if is_last => {}
            _ => {
                self.malformed = true;
                return;
            }
        }
        self.parts.extend(arguments.filter(|json| !json.is_empty()).map(Delta::Arguments));
    }

    fn begin_call(&mut self, index: usize, id: Option<String>, name: String) {
        let place = self.calls.len();
        self.calls.push(BegunCall { index, id: id.clone() });
        let name = self.tools.to_caller(&name);
        self.parts.push_back(Delta::ToolCall { id: answer::call_id(id, place), name });
    }

    /// Whether this id is not that of the last call, although the index is: some servers give each call the index 0 and
    /// an id of its own (ollama/ollama#15457, ai-dynamo/dynamo#4723).
    fn is_another_call(&self, index: usize, id: Option<&str>) -> bool {
        let last = self.calls.last().filter(|call| call.index == index);
        last.is_some_and(|call| id.is_some() && call.id.as_deref() != id)
    }

    fn end(&self) -> Result<Delta, ModelError> {
        let stop = self.stop.as_deref().ok_or_else(|| unavailable(ProviderFailure::Incomplete("end")))?;
        let stop = match answer::stop_reason(Some(stop), !self.calls.is_empty()) {
            _ if self.refused => StopReason::Filtered,
            _ if self.malformed => StopReason::Malformed,
            stop => stop,
        };
        Ok(Delta::End { stop, usage: self.usage })
    }
}

#[cfg(test)]
mod tests;
