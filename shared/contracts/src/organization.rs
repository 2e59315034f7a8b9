//! The body of an organization.

use serde::{Deserialize, Serialize};

/// `GET /v1/organizations/current`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Id (`org_…`).
    pub id: String,
    /// Name of the organization.
    pub name: String,
    /// `starter`, `professional` or `enterprise`.
    pub subscription_tier: String,
    /// The AWS region that holds its data, such as `us-east-1`.
    pub home_region: String,
    /// When it was registered, RFC 3339 in UTC.
    pub created_at: String,
}
