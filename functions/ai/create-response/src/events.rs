//! Turns a streamed completion into the events of a response. Each item begins, grows and ends before the next one. The
//! last event has the whole response; a stream without it was cut.

mod reasoning;

use crate::answer::{
    EchoedFields, custom_tool_call, end, function_call, incomplete_reason, message, set_status, suffix,
};
use crate::namespaces::Namespaces;
use application_ai::gateway::{StreamEnd, StreamEvent, Streamed};
use contracts::openai::ErrorDetail;
use contracts::openai::responses::{
    ContentPartEvent, ModelResponse, OutputItem, OutputItemEvent, OutputStatus, OutputText, ResponseError,
    ResponseEvent, ResponseEventBody, ResponseStatus, StreamError,
};
use edge::Problem;
use edge::streaming::Body;
use futures_util::stream::{self, StreamExt};
use wiring_ai::{CustomTools, input_of};

/// The text for people of an answer that broke off.
const BROKE_OFF: &str = "The answer broke off.";
/// The place of the only text of a message.
const ONLY_TEXT: usize = 0;

/// The events of a streamed answer.
pub(crate) fn events(
    echoed: &EchoedFields,
    custom_tools: CustomTools,
    answer: Streamed,
    created_at: i64,
) -> Body {
    let mut writer = EventWriter {
        response: echoed.begun(&answer.head, created_at),
        suffix: suffix(&answer.head),
        open: None,
        custom_tools,
        arguments: String::new(),
        reasoning: String::new(),
        shows_summary: echoed.shows_summary(),
        namespaces: echoed.namespaces.clone(),
        next_number: 0,
        written: Vec::new(),
    };
    let first = writer.begin().map(|()| writer.take());
    let rest = answer.events.map(move |event| writer.pass_on(event).map(|()| writer.take()));
    stream::iter([first]).chain(rest).boxed()
}

struct EventWriter {
    /// The response with the items that have ended.
    response: ModelResponse,
    suffix: String,
    /// The item that is growing, with its text or arguments so far.
    open: Option<OutputItem>,
    custom_tools: CustomTools,
    /// The arguments so far of the call of a custom tool, whose input is known when they are whole.
    arguments: String,
    /// The text of the reasoning that is growing.
    reasoning: String,
    shows_summary: bool,
    namespaces: Namespaces,
    next_number: u64,
    /// The written events that are not sent yet.
    written: Vec<u8>,
}

impl EventWriter {
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }

    fn begin(&mut self) -> Result<(), Problem> {
        self.write_response("response.created")?;
        self.write_response("response.in_progress")
    }

    fn pass_on(&mut self, event: StreamEvent) -> Result<(), Problem> {
        match event {
            StreamEvent::Text(text) => self.add_text(&text),
            StreamEvent::Reasoning(text) => self.add_reasoning(&text),
            StreamEvent::ReasoningSignature(signature) => self.sign_reasoning(signature),
            StreamEvent::RedactedReasoning(data) => self.redacted_reasoning(data),
            StreamEvent::ToolCall { id, name } => self.open_call(id, name),
            StreamEvent::Arguments(json) => self.add_arguments(&json),
            StreamEvent::End(last) => self.end(&last),
            StreamEvent::Broken => self.fail(),
        }
    }

    fn add_text(&mut self, text: &str) -> Result<(), Problem> {
        if !matches!(self.open, Some(OutputItem::Message { .. })) {
            self.close(OutputStatus::Completed)?;
            self.open_message()?;
        }
        let output_index = self.response.output.len();
        let Some(OutputItem::Message { id, content, .. }) = &mut self.open else { return Ok(()) };
        content.iter_mut().for_each(|part| part.text.push_str(text));
        let item_id = id.clone();
        let delta = ResponseEventBody::TextDelta {
            item_id: &item_id,
            output_index,
            content_index: ONLY_TEXT,
            delta: text,
            logprobs: &[],
        };
        self.write("response.output_text.delta", delta)
    }

    fn open_message(&mut self) -> Result<(), Problem> {
        let output_index = self.response.output.len();
        let mut item = message(&self.suffix, output_index, String::new());
        set_status(&mut item, OutputStatus::InProgress);
        let mut empty = item.clone();
        if let OutputItem::Message { content, .. } = &mut empty {
            content.clear();
        }
        self.write_item("response.output_item.added", output_index, &empty)?;
        if let OutputItem::Message { id, content, .. } = &item {
            for part in content {
                self.write_part("response.content_part.added", id, output_index, part)?;
            }
        }
        self.open = Some(item);
        Ok(())
    }

    fn open_call(&mut self, call_id: String, name: String) -> Result<(), Problem> {
        self.close(OutputStatus::Completed)?;
        let output_index = self.response.output.len();
        let is_custom = self.custom_tools.has(&name);
        let names = self.namespaces.caller_names(name);
        let mut item = if is_custom {
            self.arguments.clear();
            custom_tool_call(&self.suffix, output_index, call_id, names, String::new())
        } else {
            function_call(&self.suffix, output_index, call_id, names, String::new())
        };
        set_status(&mut item, OutputStatus::InProgress);
        self.write_item("response.output_item.added", output_index, &item)?;
        self.open = Some(item);
        Ok(())
    }

    fn add_arguments(&mut self, json: &str) -> Result<(), Problem> {
        let output_index = self.response.output.len();
        if matches!(self.open, Some(OutputItem::CustomToolCall { .. })) {
            self.arguments.push_str(json);
            return Ok(());
        }
        let Some(OutputItem::FunctionCall { id, arguments, .. }) = &mut self.open else { return Ok(()) };
        arguments.push_str(json);
        let item_id = id.clone();
        let delta = ResponseEventBody::ArgumentsDelta { item_id: &item_id, output_index, delta: json };
        self.write("response.function_call_arguments.delta", delta)
    }

    /// Ends the item that is growing.
    fn close(&mut self, status: OutputStatus) -> Result<(), Problem> {
        let Some(mut item) = self.open.take() else { return Ok(()) };
        set_status(&mut item, status);
        let output_index = self.response.output.len();
        if let OutputItem::CustomToolCall { input, .. } = &mut item {
            *input = input_of(&std::mem::take(&mut self.arguments));
        }
        match &item {
            OutputItem::Reasoning { id, summary, .. } => self.end_summary(id, output_index, summary)?,
            OutputItem::Message { id, content, .. } => {
                for part in content {
                    let done = ResponseEventBody::TextDone {
                        item_id: id,
                        output_index,
                        content_index: ONLY_TEXT,
                        text: &part.text,
                        logprobs: &[],
                    };
                    self.write("response.output_text.done", done)?;
                    self.write_part("response.content_part.done", id, output_index, part)?;
                }
            }
            OutputItem::FunctionCall { id, name, arguments, .. } => {
                let done = ResponseEventBody::ArgumentsDone { item_id: id, output_index, name, arguments };
                self.write("response.function_call_arguments.done", done)?;
            }
            OutputItem::CustomToolCall { id, input, .. } => {
                let delta = ResponseEventBody::InputDelta { item_id: id, output_index, delta: input };
                self.write("response.custom_tool_call_input.delta", delta)?;
                let done = ResponseEventBody::InputDone { item_id: id, output_index, input };
                self.write("response.custom_tool_call_input.done", done)?;
            }
        }
        self.write_item("response.output_item.done", output_index, &item)?;
        self.response.output.push(item);
        Ok(())
    }

    fn end(&mut self, last: &StreamEnd) -> Result<(), Problem> {
        if self.open.is_none() && self.response.output.is_empty() {
            self.open_message()?;
        }
        let is_cut = incomplete_reason(last.stop).is_some();
        self.close(if is_cut { OutputStatus::Incomplete } else { OutputStatus::Completed })?;
        end(&mut self.response, last.stop, &last.tokens, last.reasoning_tokens);
        self.write_response(if is_cut { "response.incomplete" } else { "response.completed" })
    }

    /// Ends an answer that broke off. Clients of OpenAI fail at the second event alone; others read the first.
    fn fail(&mut self) -> Result<(), Problem> {
        if let Some(mut item) = self.open.take() {
            set_status(&mut item, OutputStatus::Incomplete);
            self.response.output.push(item);
        }
        self.response.status = ResponseStatus::Failed;
        let (code, message) = ("server_error".to_owned(), BROKE_OFF.to_owned());
        self.response.error = Some(ResponseError { code, message });
        self.write_response("response.failed")?;
        self.write("error", ResponseEventBody::Error(broke_off()))
    }

    fn write_response(&mut self, name: &'static str) -> Result<(), Problem> {
        let number = self.number();
        let body = ResponseEventBody::Response { response: &self.response };
        let event = server_sent(&ResponseEvent { name, sequence_number: number, body })?;
        self.written.extend(event);
        Ok(())
    }

    fn write_item(
        &mut self,
        name: &'static str,
        output_index: usize,
        item: &OutputItem,
    ) -> Result<(), Problem> {
        self.write(name, ResponseEventBody::Item(OutputItemEvent { output_index, item }))
    }

    fn write_part(
        &mut self,
        name: &'static str,
        item_id: &str,
        output_index: usize,
        part: &OutputText,
    ) -> Result<(), Problem> {
        let part = ContentPartEvent { item_id, output_index, content_index: ONLY_TEXT, part };
        self.write(name, ResponseEventBody::Part(part))
    }

    fn write(&mut self, name: &'static str, body: ResponseEventBody<'_>) -> Result<(), Problem> {
        let event = server_sent(&ResponseEvent { name, sequence_number: self.number(), body })?;
        self.written.extend(event);
        Ok(())
    }

    fn number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }
}

fn broke_off() -> StreamError {
    let code = Some("models_unavailable".to_owned());
    StreamError {
        code: code.clone(),
        message: BROKE_OFF.to_owned(),
        param: None,
        error: ErrorDetail {
            message: BROKE_OFF.to_owned(),
            class: "server_error".to_owned(),
            param: None,
            code,
        },
    }
}

/// The event that ends a stream whose own work failed, so that the number of its last event is lost: this number is after
/// all others.
pub(crate) fn failure_end() -> Result<Vec<u8>, Problem> {
    let body = ResponseEventBody::Error(broke_off());
    server_sent(&ResponseEvent { name: "error", sequence_number: u64::from(u32::MAX), body })
}

/// A server-sent event. JSON has no line breaks outside of strings, and only escaped ones in them.
fn server_sent(event: &ResponseEvent<'_>) -> Result<Vec<u8>, Problem> {
    let json = serde_json::to_string(event).map_err(Problem::internal)?;
    Ok(format!("event: {}\ndata: {json}\n\n", event.name).into_bytes())
}

#[cfg(test)]
mod tests;
