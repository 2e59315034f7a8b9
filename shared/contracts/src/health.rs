//! The body of the health route. It must not tell names of resources: the route is public.

use serde::{Deserialize, Serialize};

/// `GET /v1/health`; 200 when `ok`, 503 when `degraded`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok` when every check is, else `degraded`.
    pub status: String,
    /// What the service depends on.
    pub checks: Vec<HealthCheck>,
    /// Version of the service.
    pub version: String,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// What was checked.
    pub name: String,
    /// `ok` or `degraded`.
    pub status: String,
    /// How long it took in milliseconds.
    pub latency_ms: u64,
}
