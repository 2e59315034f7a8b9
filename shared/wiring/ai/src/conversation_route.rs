//! The routes that answer conversations in formats of other providers. They differ in their wire format alone; everything
//! else is here.

use crate::request_files::RequestFiles;
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
use ports::{ModelGateway, RemoteFiles, StreamingModelGateway};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::sync::Arc;

/// A format in which callers send conversations and get completions. It is a mapping and nothing more.
pub trait WireFormat: Send + Sync + 'static {
    /// The body of a request.
    type Body: DeserializeOwned + Clone;
    /// What the answer must know of the request.
    type Asked: Send + 'static;
    /// The format of errors.
    const PROBLEMS: ProblemFormat;

    /// Reads a body, with the files that it names by URL. A file that is not fetched yet is noted there, and an empty
    /// one stands in its place.
    fn read(body: Self::Body, cache: CacheControl, files: &mut RequestFiles) -> WireRequest<Self::Asked>;

    /// The caller's name of a field of the use case.
    fn caller_field(asked: &Self::Asked, field: &str) -> String;

    /// A whole answer.
    fn whole(asked: &Self::Asked, answer: &GatewayAnswer, now: Timestamp) -> Result<Response, Problem>;

    /// The server-sent events of a streamed answer.
    fn events(asked: Self::Asked, answer: Streamed, now: Timestamp) -> Body;

    /// The event that ends a stream whose own work failed: the format's error, by which clients tell it from a whole one.
    fn failure_end() -> Result<Vec<u8>, Problem>;
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
    /// Fetches the files that a body names by URL.
    pub files: Arc<dyn RemoteFiles>,
    wire: PhantomData<fn() -> W>,
}

impl<W> ConversationRoute<W> {
    /// The route.
    pub fn new(
        whole: Configured<Completions<dyn ModelGateway>>,
        streamed: Configured<Completions<dyn StreamingModelGateway>>,
        files: Arc<dyn RemoteFiles>,
    ) -> Self {
        Self { whole, streamed, files, wire: PhantomData }
    }
}

impl<W: WireFormat> ConversationRoute<W> {
    /// The request for a model, with the files at the URLs that were noted when its body was read.
    async fn with_files(
        &self,
        needs: &Completions<dyn ModelGateway>,
        request: &Request,
        authority: &Authority<CreateCompletions>,
        (model, noted): (Option<&str>, RequestFiles),
    ) -> Result<WireRequest<W::Asked>, Problem> {
        let context = request.context();
        let files =
            ai::fetch_files(needs, self.files.as_ref(), &context, authority, (model, noted.urls())).await?;
        let body: W::Body = request.long_json(|_| Ok(()))?;
        let read = W::read(body, request.cache_control(), &mut noted.with_fetched(files));
        read.refused.clone()?;
        Ok(read)
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
            let wrong =
                ai::check_completion(&whole.registry, &whole.chain, authority.tenant(), &read.request);
            all_of(read.refused.clone(), wrong.map_err(|wrong| of_caller::<W>(&read.asked, wrong)))
        };
        let judge_body = |body: &W::Body| judge(&W::read(body.clone(), cache, &mut RequestFiles::default()));
        let body: W::Body = request.long_json(judge_body)?;
        let mut files = RequestFiles::default();
        let read = W::read(body, cache, &mut files);
        // The use case does not know these fields. When one of them is wrong, the use case's own checks run here too, so
        // that one answer names every wrong field. No host is asked for a request that is refused anyway.
        if read.refused.is_err() || !files.urls().is_empty() {
            judge(&read)?;
        }
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let read = if files.urls().is_empty() {
                read
            } else {
                self.with_files(&whole, request, &authority, (read.request.model.as_deref(), files)).await?
            };
            let WireRequest { request: asked_for, asked, streamed, refused: _ } = read;
            if streamed {
                let needs = self.streamed.current();
                let answer = ai::stream_completion(&needs, &context, &authority, asked_for).await;
                let answer = answer.map_err(|error| renamed::<W>(&asked, error))?;
                let (headers, limit) = (answer_headers(&answer.head, None), answer.head.limit);
                let events = W::events(asked, answer, context.now);
                let mut response = StreamedResponse::new(200, "text/event-stream", events)
                    .with_rate_limit(limit)
                    .with_failure_end(W::failure_end()?);
                for (name, value) in headers {
                    response = response.with_header(name, value);
                }
                return Ok(response.into());
            }
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
