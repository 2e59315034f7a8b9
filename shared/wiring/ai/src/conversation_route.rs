//! The routes that answer conversations in formats of other providers. They differ in their wire format alone; everything
//! else is here.

use application_ai::{self as ai, CompletionRequest, Completions, GatewayAnswer, gateway::Streamed};
use application_core::model_answer::CacheControl;
use application_core::{Configured, CurrentVersion, Error};
use domain::Timestamp;
use domain::authority::{Authority, CreateCompletions};
use domain::field::{InvalidFields, all_of};
use edge::http::answer_headers;
use edge::problem::ProblemFormat;
use edge::streaming::{Body, Reply, StreamedResponse};
use edge::{Problem, Request, Response, Route, RouteFuture, Uncounted};
use ports::{ModelGateway, StreamingModelGateway};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// A format in which callers send conversations and get completions. It is a mapping and nothing more.
pub trait WireFormat: Send + Sync + 'static {
    /// The body of a request.
    type Body: DeserializeOwned + Clone;
    /// What the answer must know of the request.
    type Asked: Send + 'static;
    /// The format of errors.
    const PROBLEMS: ProblemFormat;

    /// Reads a body.
    fn read(body: Self::Body, cache: CacheControl) -> WireRequest<Self::Asked>;

    /// The caller's name of a field of the use case.
    fn caller_field(asked: &Self::Asked, field: &str) -> String;

    /// A whole answer.
    fn whole(asked: &Self::Asked, answer: &GatewayAnswer, now: Timestamp) -> Result<Response, Problem>;

    /// The server-sent events of a streamed answer.
    fn events(asked: Self::Asked, answer: Streamed, now: Timestamp) -> Body;
}

/// A request in a format of another provider.
pub struct WireRequest<A> {
    /// The conversation.
    pub request: CompletionRequest,
    /// What the answer must know of the request.
    pub asked: A,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// The wrong fields that the use case does not know, by the caller's names.
    pub refused: Result<(), InvalidFields>,
}

/// The route of a wire format.
pub struct ConversationRoute<W> {
    /// The ports of whole completions.
    pub whole: Configured<Completions<dyn ModelGateway>>,
    /// The ports of streamed completions.
    pub streamed: Configured<Completions<dyn StreamingModelGateway>>,
    wire: PhantomData<fn() -> W>,
}

impl<W> ConversationRoute<W> {
    /// The route.
    pub fn new(
        whole: Configured<Completions<dyn ModelGateway>>,
        streamed: Configured<Completions<dyn StreamingModelGateway>>,
    ) -> Self {
        Self { whole, streamed, wire: PhantomData }
    }
}

impl<W: WireFormat> Route<Reply> for ConversationRoute<W> {
    type Permission = CreateCompletions;
    type Limit = Uncounted;

    fn handle<'a>(
        &'a self,
        request: &'a Request,
        authority: Authority<CreateCompletions>,
    ) -> RouteFuture<'a, Reply> {
        let cache = request.cache_control();
        let whole = self.whole.current();
        let judge = |read: &WireRequest<W::Asked>| {
            let wrong = ai::check_completion(&whole.registry, &whole.chain, &authority, &read.request);
            all_of(read.refused.clone(), wrong.map_err(|wrong| of_caller::<W>(&read.asked, wrong)))
        };
        let body: W::Body = request.long_json(|body: &W::Body| judge(&W::read(body.clone(), cache)))?;
        let read = W::read(body, cache);
        // The use case does not know these fields. When one of them is wrong, the use case's own checks run here too, so
        // that one answer names every wrong field.
        if read.refused.is_err() {
            judge(&read)?;
        }
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        let WireRequest { request: asked_for, asked, streamed, refused: _ } = read;
        if streamed {
            return Ok(Box::pin(async move {
                let needs = self.streamed.current();
                let answer = ai::stream_completion(&needs, &context, &authority, asked_for).await;
                let answer = answer.map_err(|error| renamed::<W>(&asked, error))?;
                let (headers, limit) = (answer_headers(&answer.head, None), answer.head.limit);
                let events = W::events(asked, answer, context.now);
                let mut response =
                    StreamedResponse::new(200, "text/event-stream", events).with_rate_limit(limit);
                for (name, value) in headers {
                    response = response.with_header(name, value);
                }
                Ok(response.into())
            }));
        }
        Ok(Box::pin(async move {
            let answer = ai::create_completion(&whole, &context, &authority, asked_for).await;
            let answer = answer.map_err(|error| renamed::<W>(&asked, error))?;
            let response = W::whole(&asked, &answer, context.now)?;
            Ok(response.with_model_answer(&answer.head, &answer.cost).into())
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        W::PROBLEMS
    }
}

/// The error, with the caller's names of the fields.
fn renamed<W: WireFormat>(asked: &W::Asked, error: Error) -> Error {
    match error {
        Error::Invalid(invalid) => Error::Invalid(of_caller::<W>(asked, invalid)),
        error => error,
    }
}

fn of_caller<W: WireFormat>(asked: &W::Asked, InvalidFields(mut wrong): InvalidFields) -> InvalidFields {
    wrong.iter_mut().for_each(|wrong| wrong.field = W::caller_field(asked, &wrong.field));
    InvalidFields(wrong)
}
