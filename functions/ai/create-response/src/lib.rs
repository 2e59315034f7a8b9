//! `POST /v1/responses`: answers a conversation in the format of OpenAI's Responses API, whole or streamed. No answer is
//! stored, so a caller sends the whole conversation each time.

mod answer;
mod client_tools;
mod encrypted;
mod events;
mod items;
mod names;
mod namespaces;
mod parts;
mod question;
mod tools;
mod unused;

use answer::EchoedFields;
use application_ai::GatewayAnswer;
use application_ai::gateway::Streamed;
use application_core::model_answer::CacheControl;
use contracts::openai::responses::ResponseRequest;
use domain::Timestamp;
use edge::problem::ProblemFormat;
use edge::streaming::Body;
use edge::{Problem, Response};
use names::Names;
use wiring_ai::{ConversationRoute, RequestFiles, WireFormat, WireRequest};

/// The format of OpenAI's Responses API.
pub struct ResponsesFormat;

/// The route.
pub type CreateResponse = ConversationRoute<ResponsesFormat>;

/// What the answer must know of the request.
pub struct AskedResponse {
    names: Names,
    echoed: EchoedFields,
}

impl WireFormat for ResponsesFormat {
    type Body = ResponseRequest;
    type Asked = AskedResponse;
    const PROBLEMS: ProblemFormat = ProblemFormat::OpenAi;

    fn read(
        body: ResponseRequest,
        cache: CacheControl,
        files: &mut RequestFiles,
    ) -> WireRequest<AskedResponse> {
        let streamed = body.stream.unwrap_or_default();
        let mut echoed = EchoedFields::of(&body);
        let (request, mut names, refused) = question::read(body, cache, files);
        echoed.namespaces = std::mem::take(&mut names.namespaces);
        WireRequest { request, asked: AskedResponse { names, echoed }, streamed, refused }
    }

    fn caller_field(asked: &AskedResponse, field: &str) -> String {
        asked.names.field(field)
    }

    fn whole(asked: &AskedResponse, answer: &GatewayAnswer, now: Timestamp) -> Result<Response, Problem> {
        Response::json(200, &answer::whole(&asked.echoed, &asked.names.custom_tools, answer, now.seconds()))
    }

    fn events(asked: AskedResponse, answer: Streamed, now: Timestamp) -> Body {
        events::events(&asked.echoed, asked.names.custom_tools, answer, now.seconds())
    }

    fn failure_end() -> Result<Vec<u8>, Problem> {
        events::failure_end()
    }
}
