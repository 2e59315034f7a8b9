//! Anthropic's wire format: messages, whole and streamed, and errors (docs.anthropic.com/en/api/messages). Fields that
//! change nothing here are accepted and ignored, so that unchanged clients work. Unsupported fields that would change the
//! answer, and unknown fields, are kept for the mapping, which refuses them.

mod content;
mod context_edits;
mod event;
mod message;
mod options;
mod request;
mod size;
mod tools;

use serde::{Deserialize, Serialize};

pub use content::{InputBlock, InputContent};
pub use context_edits::{AppliedContextEdit, AppliedContextEdits};
pub use event::{BlockDelta, MessageChange, StreamedMessageEvent};
pub use message::{AnsweredBlock, AnsweredMessage, MessageUsage, OutputTokensDetails, json_of_object};
pub use options::{
    Effort, JsonOutputFormat, JsonOutputFormatKind, OutputConfig, ThinkingConfig, ThinkingKind,
};
pub use request::{MessageRequest, MessageRole, MessageTokens, MessageTokensRequest, MessageTurn};
pub use tools::{MessageTool, MessageToolChoice, MessageToolChoiceKind};

/// The code with which a request in a thread is refused. Clients that work in threads send it again without one.
pub const THREAD_UNSUPPORTED: &str = "thread_unsupported_request";

/// The body of every error, and the data of the event `error` in a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Always `error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The error.
    pub error: ErrorDetail,
    /// The correlation id of the request; an error within a stream has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// The class of the error, such as `invalid_request_error`.
    #[serde(rename = "type")]
    pub class: String,
    /// A text for people, with the names of all wrong fields.
    pub message: String,
    /// The code for programs, where Anthropic's clients look for it.
    pub details: ErrorCode,
}

/// The code of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCode {
    /// A code of Sextant, such as `context_length_exceeded`, or one of Anthropic's that clients act on.
    pub error_code: String,
    /// The parts that can't be used in a thread. It is sent with `thread_unsupported_request` alone, and names none, because no
    /// request can use a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<Vec<String>>,
}

impl ErrorBody {
    /// An error of this class.
    pub fn new(class: &str, message: String, code: &str, request_id: Option<String>) -> Self {
        let unsupported = (code == THREAD_UNSUPPORTED).then(Vec::new);
        let details = ErrorCode { error_code: code.to_owned(), unsupported };
        let error = ErrorDetail { class: class.to_owned(), message, details };
        Self { kind: "error".to_owned(), error, request_id }
    }
}
