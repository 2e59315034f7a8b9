//! The parts of a streamed completion on their way to the caller: values come back for placeholders, fences around JSON
//! are left out, calls of tools that the caller excluded are dropped, and reasoning gets signatures for callers.

use super::stream_event::StreamEvent;
use crate::ask::GatewayRequest;
use crate::mask::{Masking, Restoring};
use crate::signed_reasoning::{for_caller, signature_for_caller};
use crate::structured::Unfencing;
use ports::{ModelAnswer, ReasoningContent, StopReason, ToolCall, ToolChoice, Usage};
use std::collections::VecDeque;
use std::sync::Arc;

/// The part of the completion that is arriving.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    /// Reasoning that can be read.
    Reasoning,
    Call,
    /// A call that the caller does not get.
    DroppedCall,
}

/// The completion so far, and the parts that wait to be passed on.
pub(super) struct PassedCompletion {
    /// The completion as the model wrote it, with placeholders where personal data is masked.
    text: String,
    reasoning: Vec<ReasoningContent>,
    /// The family of the model, which its signatures name.
    family: Option<&'static str>,
    calls: Vec<ToolCall>,
    /// The bytes of all parts that arrived, also of dropped ones.
    arrived: usize,
    part: Part,
    masking: Option<Arc<Masking>>,
    restoring: Option<Restoring>,
    unfencing: Option<Unfencing>,
    /// The most calls that are passed on.
    most_calls: usize,
    ready: VecDeque<StreamEvent>,
}

impl PassedCompletion {
    pub(super) fn new(
        ask: &GatewayRequest,
        masking: Option<&Arc<Masking>>,
        family: Option<&'static str>,
    ) -> Self {
        let tools = &ask.conversation.tools;
        let most_calls = match (&tools.choice, tools.one_at_a_time) {
            (ToolChoice::None, _) => 0,
            (_, true) => 1,
            (_, false) => usize::MAX,
        };
        Self {
            text: String::new(),
            reasoning: Vec::new(),
            family,
            calls: Vec::new(),
            arrived: 0,
            part: Part::Text,
            masking: masking.cloned(),
            restoring: masking.map(|masking| Restoring::new(Arc::clone(masking))),
            unfencing: ask.conversation.output_schema.is_some().then(Unfencing::default),
            most_calls,
            ready: VecDeque::new(),
        }
    }

    /// The next event that can be passed on.
    pub(super) fn ready(&mut self) -> Option<StreamEvent> {
        self.ready.pop_front()
    }

    /// Takes more text of the completion.
    pub(super) fn take_text(&mut self, text: &str) {
        if self.part != Part::Text {
            self.flush();
            self.part = Part::Text;
        }
        self.arrived += text.len();
        self.text.push_str(text);
        let told = self.restored(text);
        let told = self.unfencing.as_mut().map(|unfencing| unfencing.more(&told)).unwrap_or(told);
        self.tell(told, StreamEvent::Text);
    }

    /// Takes more reasoning that can be read.
    pub(super) fn take_reasoning(&mut self, text: &str) {
        self.arrived += text.len();
        self.begin_reasoning();
        if let Some(ReasoningContent::Text { text: so_far, .. }) = self.reasoning.last_mut() {
            so_far.push_str(text);
        }
        let told = self.restored(text);
        self.tell(told, StreamEvent::Reasoning);
    }

    /// Takes the signature of the last reasoning, which ends it.
    pub(super) fn take_signature(&mut self, provided: String) {
        self.arrived += provided.len();
        self.begin_reasoning();
        self.release();
        self.part = Part::Text;
        if let Some(ReasoningContent::Text { text, signature }) = self.reasoning.last_mut() {
            if let Some(family) = self.family {
                let given = signature_for_caller(family, text, &provided);
                self.ready.push_back(StreamEvent::ReasoningSignature(given));
            }
            *signature = Some(provided);
        }
    }

    /// Takes hidden reasoning.
    pub(super) fn take_redacted(&mut self, data: String) {
        self.arrived += data.len();
        self.flush();
        if let Some(family) = self.family {
            let given = signature_for_caller(family, "", &data);
            self.ready.push_back(StreamEvent::RedactedReasoning(given));
        }
        self.reasoning.push(ReasoningContent::Redacted(data));
    }

    /// Begins reasoning that can be read, unless it has begun.
    fn begin_reasoning(&mut self) {
        if self.part != Part::Reasoning {
            self.flush();
            self.part = Part::Reasoning;
            self.reasoning.push(ReasoningContent::Text { text: String::new(), signature: None });
        }
    }

    /// Takes the beginning of a call.
    pub(super) fn take_call(&mut self, id: String, name: String) {
        self.flush();
        self.arrived += name.len();
        if self.calls.len() >= self.most_calls {
            self.part = Part::DroppedCall;
            return;
        }
        self.part = Part::Call;
        self.ready.push_back(StreamEvent::ToolCall { id: id.clone(), name: name.clone() });
        self.calls.push(ToolCall { id, name, arguments: String::new() });
    }

    /// Takes more of the arguments of the last call.
    pub(super) fn take_arguments(&mut self, json: &str) {
        self.arrived += json.len();
        if self.part == Part::Call
            && let Some(call) = self.calls.last_mut()
        {
            call.arguments.push_str(json);
            let told = self.restored(json);
            self.tell(told, StreamEvent::Arguments);
        }
    }

    /// Ends the current part. A call without arguments has an empty object.
    pub(super) fn flush(&mut self) {
        self.release();
        if self.part == Part::Call
            && let Some(call) = self.calls.last_mut().filter(|call| call.arguments.trim().is_empty())
        {
            call.arguments = "{}".to_owned();
            self.ready.push_back(StreamEvent::Arguments("{}".to_owned()));
        }
        // The end of a call is told once, and text may follow.
        self.part = Part::Text;
    }

    /// Passes on everything of the current part that was held back, and nothing that did not arrive.
    pub(super) fn release(&mut self) {
        let held = self.restoring.as_mut().map(Restoring::rest).unwrap_or_default();
        match self.part {
            Part::Text => {
                let held = match &mut self.unfencing {
                    None => held,
                    Some(unfencing) => {
                        let more = unfencing.more(&held);
                        more + &unfencing.rest()
                    }
                };
                self.tell(held, StreamEvent::Text);
            }
            Part::Reasoning => self.tell(held, StreamEvent::Reasoning),
            Part::Call => self.tell(held, StreamEvent::Arguments),
            Part::DroppedCall => {}
        }
    }

    /// The bytes that arrived.
    pub(super) fn arrived(&self) -> usize {
        self.arrived
    }

    /// The reason of the end as the caller sees it: without calls, nothing waits for their results.
    pub(super) fn stop(&self, stop: StopReason) -> StopReason {
        if stop == StopReason::ToolCalls && self.calls.is_empty() { StopReason::EndTurn } else { stop }
    }

    /// The text as the model wrote it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The calls as the model wrote them.
    pub(super) fn calls(&self) -> &[ToolCall] {
        &self.calls
    }

    /// The whole completion, with the values.
    pub(super) fn restored_answer(&self, stop: StopReason, usage: Usage) -> ModelAnswer {
        let (text, tool_calls) = match &self.masking {
            None => (self.text.clone(), self.calls.clone()),
            Some(masking) => (masking.restored(&self.text), masking.restored_calls(&self.calls)),
        };
        let restored =
            |text: &str| self.masking.as_ref().map_or_else(|| text.to_owned(), |it| it.restored(text));
        let reasoning = for_caller(self.family, &self.reasoning, restored);
        ModelAnswer { reasoning, text, tool_calls, stop, usage: Some(usage) }
    }

    fn restored(&mut self, text: &str) -> String {
        match &mut self.restoring {
            None => text.to_owned(),
            Some(restoring) => restoring.more(text),
        }
    }

    fn tell(&mut self, text: String, event: fn(String) -> StreamEvent) {
        if !text.is_empty() {
            self.ready.push_back(event(text));
        }
    }
}
