//! `POST /v1/messages`: answers a conversation in Anthropic's format, whole or streamed.

mod answer;
mod blocks;
mod client_tools;
mod context_edits;
mod context_management;
mod events;
mod members;
mod names;
mod question;
mod reasoning;
mod tools;
mod turns;
mod unused;

use application_ai::GatewayAnswer;
use application_ai::gateway::Streamed;
use application_core::model_answer::CacheControl;
use contracts::anthropic::{AppliedContextEdits, MessageRequest};
use domain::Timestamp;
use edge::problem::ProblemFormat;
use edge::streaming::Body;
use edge::{Problem, Response};
use names::Names;
use question::ReadMessage;
use wiring_ai::{ConversationRoute, RequestFiles, WireFormat, WireRequest};

/// Anthropic's format of messages.
pub struct MessageFormat;

/// The route.
pub type CreateMessage = ConversationRoute<MessageFormat>;

/// What the answer must know of the request.
pub struct AskedMessage {
    names: Names,
    /// The text that ends the answer, if the request names only one. Providers do not say which of several it was.
    only_stop: Option<String>,
    /// The edits of the conversation, if the request asks for any.
    edits: Option<AppliedContextEdits>,
}

impl WireFormat for MessageFormat {
    type Body = MessageRequest;
    type Asked = AskedMessage;
    const PROBLEMS: ProblemFormat = ProblemFormat::Anthropic;

    fn read(
        body: MessageRequest,
        cache: CacheControl,
        files: &mut RequestFiles,
    ) -> WireRequest<AskedMessage> {
        let streamed = body.stream.unwrap_or_default();
        let ReadMessage { request, names, edits, refused } = question::read(body, cache, files);
        let only_stop = match request.stop.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        WireRequest { request, asked: AskedMessage { names, only_stop, edits }, streamed, refused }
    }

    fn caller_field(asked: &AskedMessage, field: &str) -> String {
        asked.names.field(field)
    }

    fn whole(asked: &AskedMessage, answer: &GatewayAnswer, _now: Timestamp) -> Result<Response, Problem> {
        Response::json(200, &answer::whole(answer, asked)?)
    }

    fn events(asked: AskedMessage, answer: Streamed, _now: Timestamp) -> Body {
        events::events(answer, asked)
    }

    fn failure_end() -> Result<Vec<u8>, Problem> {
        events::broke_off()
    }
}
