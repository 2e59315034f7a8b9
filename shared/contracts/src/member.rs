//! The bodies of members.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An entry of `GET /v1/members`, and the answer to [`ReplaceMemberRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Id of the account (`account_…`), which is also the member's.
    pub account_id: String,
    /// E-mail address, lower case; null after erasure.
    pub email: Option<String>,
    /// Name of the person; null after erasure.
    pub name: Option<String>,
    /// `sales_rep`, `manager` or `admin`.
    pub role: String,
    /// `active` or `suspended`.
    pub status: String,
    /// When the account joined the organization, RFC 3339 in UTC.
    pub joined_at: String,
    /// The version that `If-Match` of a replacement names.
    pub version: u64,
}

/// `PUT /v1/members/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceMemberRequest {
    /// `sales_rep`, `manager` or `admin`.
    pub role: String,
    /// `active` or `suspended`.
    pub status: String,
}

impl fmt::Debug for Member {
    /// Shows the id alone: the name and the address are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("account_id", &self.account_id).finish_non_exhaustive()
    }
}
