//! The events of a streamed response. The name of an event is its `type`.

use super::super::ErrorDetail;
use super::answer::{ModelResponse, OutputItem, OutputText, SummaryPart};
use serde::Serialize;
use serde_json::Value;

/// An event of a streamed response.
#[derive(Serialize)]
pub struct ResponseEvent<'a> {
    /// The name of the event.
    #[serde(rename = "type")]
    pub name: &'static str,
    /// The number of the event, from 0 on.
    pub sequence_number: u64,
    /// The members of the event.
    #[serde(flatten)]
    pub body: ResponseEventBody<'a>,
}

/// The members of an event.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ResponseEventBody<'a> {
    /// The response as it is now.
    Response {
        /// The response.
        response: &'a ModelResponse,
    },
    /// An item begins or ends.
    Item(OutputItemEvent<'a>),
    /// A text begins or ends.
    Part(ContentPartEvent<'a>),
    /// More text of a message.
    TextDelta {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The place of the text in the item.
        content_index: usize,
        /// The text that follows.
        delta: &'a str,
        /// Always empty.
        logprobs: &'a [Value],
    },
    /// The whole text of a message.
    TextDone {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The place of the text in the item.
        content_index: usize,
        /// The text.
        text: &'a str,
        /// Always empty.
        logprobs: &'a [Value],
    },
    /// More of the arguments of a call.
    ArgumentsDelta {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The JSON text that follows.
        delta: &'a str,
    },
    /// The whole arguments of a call.
    ArgumentsDone {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The name of the function.
        name: &'a str,
        /// The JSON text.
        arguments: &'a str,
    },
    /// The input of a call of a custom tool.
    InputDelta {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The whole input.
        delta: &'a str,
    },
    /// The whole input of a call of a custom tool.
    InputDone {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The input.
        input: &'a str,
    },
    /// A summary of reasoning begins or ends.
    Summary(SummaryPartEvent<'a>),
    /// More text of a summary.
    SummaryDelta {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The place of the summary in the item.
        summary_index: usize,
        /// The text that follows.
        delta: &'a str,
    },
    /// The whole text of a summary.
    SummaryDone {
        /// The item.
        item_id: &'a str,
        /// The place of the item.
        output_index: usize,
        /// The place of the summary in the item.
        summary_index: usize,
        /// The text.
        text: &'a str,
    },
    /// The answer broke off.
    Error(StreamError),
}

/// An item begins or ends.
#[derive(Serialize)]
pub struct OutputItemEvent<'a> {
    /// The place of the item.
    pub output_index: usize,
    /// The item as it is now.
    pub item: &'a OutputItem,
}

/// A text begins or ends.
#[derive(Serialize)]
pub struct ContentPartEvent<'a> {
    /// The item.
    pub item_id: &'a str,
    /// The place of the item.
    pub output_index: usize,
    /// The place of the text in the item.
    pub content_index: usize,
    /// The text as it is now.
    pub part: &'a OutputText,
}

/// A summary of reasoning begins or ends.
#[derive(Serialize)]
pub struct SummaryPartEvent<'a> {
    /// The item.
    pub item_id: &'a str,
    /// The place of the item.
    pub output_index: usize,
    /// The place of the summary in the item.
    pub summary_index: usize,
    /// The summary as it is now.
    pub part: &'a SummaryPart,
}

/// An error in a stream. OpenAI's reference has its members in the event itself; OpenAI's clients fail at an `error` in
/// the event, and read the members there.
#[derive(Serialize)]
pub struct StreamError {
    /// A code for programs.
    pub code: Option<String>,
    /// A text for people.
    pub message: String,
    /// Always null.
    pub param: Option<String>,
    /// The same error in the form of whole answers.
    pub error: ErrorDetail,
}
