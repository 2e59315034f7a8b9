//! The body of the health route. It must not contain names of resources, because the route is public.

use serde::{Deserialize, Serialize};

/// `GET /v1/health`; 200 when `ok`, 503 when `degraded`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok` when all checks are `ok`, otherwise `degraded`.
    pub status: String,
    /// The checked dependencies.
    pub checks: Vec<HealthCheck>,
    /// Version of the service.
    pub version: String,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The name of the dependency.
    pub name: String,
    /// `ok` or `degraded`.
    pub status: String,
    /// The duration of the check in milliseconds.
    pub latency_ms: u64,
}
