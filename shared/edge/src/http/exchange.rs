//! //! The common part of whole and streamed answers: reading a request, and turning a failure into a problem. It must
//! never
//! //! write the answer or the log line, because whole and streamed answers write them at different times.

use super::proxy_event::ProxyEvent;
use super::{Request, Response};
use crate::guard::Broken;
use crate::log::{Scope, chain};
use crate::problem::ProblemFormat;
use crate::runtime::Json;
use crate::{Invocation, Problem};
use serde_json::Value;

/// /// One request while it is being answered.
pub(crate) struct Exchange<'a> {
    invocation: &'a Invocation,
    event: Result<ProxyEvent, serde_json::Error>,
    /// /// Identifies the request in the logs and in the answer.
    pub(crate) correlation_id: String,
}

/// /// The fields of a request's summary line, besides its status and its duration.
pub(crate) type Fields = Vec<(&'static str, Value)>;

impl<'a> Exchange<'a> {
    /// /// The request, and the fields that each of its log lines carries.
    pub(crate) fn open(event: &Json, invocation: &'a Invocation) -> (Self, Scope) {
        let event = ProxyEvent::read(event);
        let scope = Scope {
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

    /// /// The request, or the problem if it can't be read.
    pub(crate) fn request(self, fields: &mut Fields) -> Result<Request, Problem> {
        let event = self.event.map_err(Problem::internal)?;
        fields.push(("method", event.method().into()));
        fields.push(("route", event.route().into()));
        Request::new(event, self.invocation, &self.correlation_id)
    }
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::TimedOut => Self::deadline_exceeded(),
            Broken::Panicked(location) => Self::internal(format!("panicked at {location}")),
        }
    }
}

/// /// The answer with a problem, and the causes of the problem as text for the log.
pub(crate) fn told(
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
