//! Routes of callers with a permission. A route declares its permission and how its requests are counted,
//! and maps a request to a use case and the result to an answer. [`Authorized`] does the rest, once for all routes: it
//! reads the caller, authorizes, counts, and records refused accesses.
//!
//! ```
//! # use domain::authority::{Authority, ReadOrganization};
//! # use edge::{Problem, Request, Response};
//! # use edge::route::{ReadLimit, Route, RouteFuture};
//! # async fn load() -> Result<&'static str, Problem> { Ok("Northwind") }
//! struct GetOrganization;
//!
//! impl Route for GetOrganization {
//!     type Permission = ReadOrganization;
//!     type Limit = ReadLimit;
//!
//!     fn handle<'a>(
//!         &'a self,
//!         request: &'a Request,
//!         _: Authority<ReadOrganization>,
//!     ) -> RouteFuture<'a> {
//!         request.parameters(&[]).finish()?;
//!         Ok(Box::pin(async { Response::json(200, load().await?) }))
//!     }
//! }
//! ```

mod limit;

use crate::problem::ProblemFormat;
use crate::streaming::{Reply, StreamingHandler};
use crate::{Handler, Problem, Request, Response};
use application_core::{Context, RefusedAccess, denial};
use domain::authority::{Authority, Caller, Permission};
use futures_util::future::join;
use ports::{BoxFuture, Store};
use std::sync::Arc;

pub use limit::{ReadLimit, RequestLimit, Uncounted};

/// The work of a route for a request, or the problem of a malformed request. The work is counted
/// while it runs; a malformed request is answered without counting it and without any round trip.
pub type RouteFuture<'a, RouteOutput = Response> =
    Result<BoxFuture<'a, Result<RouteOutput, Problem>>, Problem>;

/// A route. The answer is a [`Response`], or a [`Reply`] if the route can stream it.
pub trait Route<RouteOutput = Response>: Send + Sync {
    /// The permission without which a caller is answered 403.
    type Permission: Permission;
    /// How requests are counted.
    ///
    /// These limits stand in use cases instead. `ai_calls` and `ai_calls_organization` count prompts, not requests: those
    /// of lead scoring and of jobs count too, and a prompt may be sent only after the decision. `lead_scores` counts
    /// while the leads are loaded, but scores are made and written only after the decision. `new_api_keys` and
    /// `fine_tunes` do not count a repeated request, which only the command can recognize, and a key that is one too
    /// many is given back. Routes that are public count by network address or account and have no permission.
    type Limit: RequestLimit;

    /// Maps the request and its result. With another limit than [`Uncounted`] the work must not write, because it runs
    /// before it is known whether the limit allows the request.
    fn handle<'a>(
        &'a self,
        request: &'a Request,
        authority: Authority<Self::Permission>,
    ) -> RouteFuture<'a, RouteOutput>;

    /// The format of the route's problems.
    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::Problem
    }
}

/// Serves a route to callers with its permission.
pub struct Authorized<R, L> {
    route: R,
    store: Arc<dyn Store>,
    limit: L,
}

impl<R, L> Authorized<R, L> {
    /// The handler of a route. Refused accesses are recorded in `store`.
    pub fn new<RouteOutput>(route: R, store: Arc<dyn Store>, limit: L) -> Self
    where
        R: Route<RouteOutput, Limit = L>,
    {
        Self { route, store, limit }
    }

    async fn answer<RouteOutput>(&self, request: &Request) -> Result<RouteOutput, Problem>
    where
        R: Route<RouteOutput, Limit = L>,
        L: RequestLimit,
        RouteOutput: RouteAnswer,
    {
        let (store, context, caller) = (self.store.as_ref(), request.context(), request.caller()?);
        let authority = application_core::authorize::<R::Permission>(store, &context, &caller).await?;
        let work = self.route.handle(request, authority)?;
        let mut result = self.counted(&context, &caller, work).await;
        let refused: Vec<RefusedAccess> = match &mut result {
            Ok(answer) => std::mem::take(answer.head().refused()),
            Err(problem) => problem.take_refused().into_iter().collect(),
        };
        for refused in &refused {
            denial::record(store, &context, refused).await;
        }
        result
    }

    /// Counts the request while the work runs. A request that is refused by the limit, or that can't be counted, learns
    /// nothing of the work.
    async fn counted<RouteOutput>(
        &self,
        context: &Context,
        caller: &Caller,
        work: BoxFuture<'_, Result<RouteOutput, Problem>>,
    ) -> Result<RouteOutput, Problem>
    where
        R: Route<RouteOutput, Limit = L>,
        L: RequestLimit,
        RouteOutput: RouteAnswer,
    {
        let (decision, answer) = join(self.limit.count(caller, context.now), work).await;
        let (decision, mut answer) = (decision?, answer?);
        if let Some(decision) = decision {
            answer.head().set_rate_limit(decision, self.route.problem_format());
        }
        Ok(answer)
    }
}

impl<R: Route<Response, Limit = L>, L: RequestLimit> Handler for Authorized<R, L> {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(self.answer::<Response>(request))
    }

    fn problem_format(&self) -> ProblemFormat {
        self.route.problem_format()
    }
}

impl<R: Route<Reply, Limit = L>, L: RequestLimit> StreamingHandler for Authorized<R, L> {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
        Box::pin(self.answer::<Reply>(request))
    }

    fn problem_format(&self) -> ProblemFormat {
        self.route.problem_format()
    }
}

/// An answer of a route, whole or streamed.
trait RouteAnswer: Send {
    /// Its status and headers, and the accesses that it refuses.
    fn head(&mut self) -> &mut Response;
}

impl RouteAnswer for Response {
    fn head(&mut self) -> &mut Response {
        self
    }
}

impl RouteAnswer for Reply {
    fn head(&mut self) -> &mut Response {
        self.head_mut()
    }
}
