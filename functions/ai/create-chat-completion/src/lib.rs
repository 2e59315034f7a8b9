//! `POST /v1/chat/completions`: answers a conversation in OpenAI's format, whole or streamed.

mod answer;

use application_ai::GatewayAnswer;
use application_ai::gateway::Streamed;
use application_core::model_answer::CacheControl;
use contracts::openai::ChatRequest;
use domain::Timestamp;
use edge::problem::ProblemFormat;
use edge::streaming::Body;
use edge::{Problem, Response};
use wiring_ai::chat::{self, Names};
use wiring_ai::{ConversationRoute, RequestFiles, WireFormat, WireRequest};

/// OpenAI's format of chat completions.
pub struct ChatFormat;

/// The route.
pub type CreateChatCompletion = ConversationRoute<ChatFormat>;

/// What the answer must know of the request.
pub struct AskedChat {
    names: Names,
    /// Whether the last chunk of a stream has the token counts.
    tells_usage: bool,
}

impl WireFormat for ChatFormat {
    type Body = ChatRequest;
    type Asked = AskedChat;
    const PROBLEMS: ProblemFormat = ProblemFormat::OpenAi;

    fn read(body: ChatRequest, cache: CacheControl, files: &mut RequestFiles) -> WireRequest<AskedChat> {
        let streamed = body.stream.unwrap_or_default();
        let tells_usage = body.stream_options.unwrap_or_default().include_usage.unwrap_or_default();
        let (request, names, refused) = chat::read(body, cache, files);
        WireRequest { request, asked: AskedChat { names, tells_usage }, streamed, refused }
    }

    fn caller_field(asked: &AskedChat, field: &str) -> String {
        asked.names.field(field)
    }

    fn whole(asked: &AskedChat, answer: &GatewayAnswer, now: Timestamp) -> Result<Response, Problem> {
        Response::json(200, &chat::whole(answer, asked.names.custom_tools(), now.seconds()))
    }

    fn events(asked: AskedChat, answer: Streamed, now: Timestamp) -> Body {
        answer::events(answer, now.seconds(), asked.tells_usage, asked.names.custom_tools().clone())
    }

    fn failure_end() -> Result<Vec<u8>, Problem> {
        answer::broke_off()
    }
}
