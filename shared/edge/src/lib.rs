//! Where functions meet AWS Lambda: the only crate that names `lambda_*`.
//!
//! An entry point (`http::run`, `streaming::run`, `authorizer::run`, `queue::run`, `stream::run`, `schedule::run`,
//! `operator::run`) reads the settings,
//! builds the handler, owns the runtime (tokio, one thread: a function serves one request at a time) and takes a boxed
//! handler, so that a function's binary compiles its own mapping and nothing of the machinery. Next to each `run` there
//! is an `invoke`, which takes an event as the service sends it and goes through exactly the path that production goes
//! through behind the Runtime API; tests use it.
//!
//! The events are read by our own serde structs: of `lambda_http` one proxy event would be used, and it would bring the
//! events of three other gateways, a second request type and URL parsing into every function.
//!
//! Invariants
//! - Tenant and role come from the authorizer's claims, never from a header, a query or a body.
//! - Every failure becomes a problem document here and nowhere else; its cause is logged once and never answered.
//! - A panic ends its own invocation (or message) only. A handler is dropped at its deadline.
//! - One log line sums up each invocation, with its metrics. No line holds a secret or personal data.

pub mod authorizer;
pub mod cursor;
mod entropy;
mod guard;
pub mod http;
mod invocation;
mod job;
pub mod log;
pub mod operator;
pub mod problem;
pub mod queue;
pub mod route;
mod runtime;
pub mod schedule;
mod settings;
pub mod stream;
pub mod streaming;
mod timer;

pub use entropy::SystemEntropy;
pub use http::{Handler, Request, Response};
pub use invocation::Invocation;
pub use job::JobError;
pub use problem::Problem;
pub use route::{Authorized, ReadLimit, Route, RouteFuture, Uncounted};
pub use runtime::{Build, Failure};
pub use settings::{Settings, StartError};
pub use timer::RuntimeTimer;
