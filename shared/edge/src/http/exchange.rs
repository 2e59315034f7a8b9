//! The common part of whole and streamed answers: reading a request, and turning a failure into a problem. It must
//! never write the answer or the log line, because whole and streamed answers write them at different times.

use super::conditional::revalidated;
use super::cross_origin::Origin;
use super::proxy_event::ProxyEvent;
use super::{Request, Response};
use crate::guard::GuardFailure;
use crate::log::{LogScope, chain};
use crate::problem::ProblemFormat;
use crate::runtime::Json;
use crate::{Invocation, Problem};
use serde_json::Value;

/// One request while it is being answered.
pub(crate) struct HttpExchange<'a> {
    invocation: &'a Invocation,
    event: Result<ProxyEvent, serde_json::Error>,
    /// Identifies the request in the logs and in the answer.
    pub(crate) correlation_id: String,
}

/// The parts of a request that decide about the form of its answer.
#[derive(Debug, Default)]
pub(crate) struct AnswerForm {
    origin: Origin,
    is_head: bool,
    /// Set for GET and HEAD only: other methods change something and never get 304.
    if_none_match: Option<String>,
    is_read: bool,
}

impl AnswerForm {
    fn of(event: &ProxyEvent) -> Self {
        let is_head = event.method() == "HEAD";
        let is_read = is_head || event.method() == "GET";
        let if_none_match = event.header("If-None-Match").filter(|_| is_read).map(str::to_owned);
        Self { origin: Origin::of(event), is_head, if_none_match, is_read }
    }

    /// The answer in the form in which it is sent.
    pub(crate) fn finish(&self, response: Response) -> Response {
        let response = self.origin.open(response);
        let response =
            if self.is_read { revalidated(response, self.if_none_match.as_deref()) } else { response };
        if self.is_head { response.without_body() } else { response }
    }

    /// The head of an answer whose body is streamed afterwards.
    pub(crate) fn finish_head(&self, head: Response) -> Response {
        self.origin.open(head)
    }
}

/// The fields of a request's summary line, besides its status and its duration.
pub(crate) type Fields = Vec<(&'static str, Value)>;

impl<'a> HttpExchange<'a> {
    /// The request, and the fields that each of its log lines carries.
    pub(crate) fn open(event: &Json, invocation: &'a Invocation) -> (Self, LogScope) {
        let event = ProxyEvent::read(event);
        let scope = LogScope {
            function: invocation.function,
            correlation_id: match &event {
                Ok(event) => event.correlation_id(&invocation.request_id),
                Err(_) => invocation.request_id.clone(),
            },
            trace_id: invocation.trace_id.clone(),
            tenant: event.as_ref().ok().and_then(|event| event.claim("org_id")),
            account: event.as_ref().ok().and_then(|event| event.claim("sub")),
            api_key: event.as_ref().ok().and_then(|event| event.claim("key_id")),
        };
        (Self { invocation, event, correlation_id: scope.correlation_id.clone() }, scope)
    }

    /// The parts that decide about the form of the answer.
    pub(crate) fn answer_form(&self) -> AnswerForm {
        self.event.as_ref().map(AnswerForm::of).unwrap_or_default()
    }

    /// The request, or the problem if it can't be read.
    pub(crate) fn request(self, fields: &mut Fields) -> Result<Request, Problem> {
        let event = self.event.map_err(Problem::internal)?;
        fields.push(("method", event.method().into()));
        fields.push(("route", event.route().into()));
        Request::new(event, self.invocation, &self.correlation_id)
    }
}

impl From<GuardFailure> for Problem {
    fn from(broken: GuardFailure) -> Self {
        match broken {
            GuardFailure::TimedOut => Self::deadline_exceeded(),
            GuardFailure::Panicked(location) => Self::internal(format!("panicked at {location}")),
        }
    }
}

/// The answer with a problem, and the causes of the problem as text for the log.
pub(crate) fn problem_answer(
    problem: &Problem,
    format: ProblemFormat,
    correlation_id: &str,
    fields: &mut Fields,
) -> (Response, Option<String>) {
    fields.push(("code", problem.kind().code.into()));
    if !problem.errors().is_empty() {
        let wrong: Vec<&str> = problem.errors().iter().map(|error| error.code.as_str()).collect();
        fields.push(("wrong", wrong.join(" ").into()));
    }
    let error = problem.source().map(|source| chain(source.as_ref()));
    (Response::problem(problem, format, correlation_id), error)
}
