//! `GET /v1/health`: whether the service works, with the status of its dependencies.

use adapter_dynamodb::HealthProbe;
use contracts::health::{Health, HealthCheck};
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;
use std::error::Error as _;
use std::time::Instant;

/// The handler and its ports.
pub struct GetHealth {
    /// Probes the store.
    pub store: HealthProbe,
}

impl Handler for GetHealth {
    fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let began = Instant::now();
            let reached = self.store.reachable().await;
            if let Err(error) = &reached {
                tracing::error!(error = %error, cause = ?error.source().map(ToString::to_string), "the store is not healthy");
            }
            let status = if reached.is_ok() { "ok" } else { "degraded" };
            let check = HealthCheck {
                name: "store".to_owned(),
                status: status.to_owned(),
                latency_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            };
            let version = env!("CARGO_PKG_VERSION").to_owned();
            let health = Health { status: status.to_owned(), checks: vec![check], version };
            Ok(Response::json(if reached.is_ok() { 200 } else { 503 }, &health)?.without_revalidation())
        })
    }
}
