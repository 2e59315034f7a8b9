//! When API keys were used last. It is worth knowing and not worth a request: a use is noted at most once an hour, it is
//! no event, and it may be lost.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::id::{ApiKeyId, OrganizationId};
use std::collections::BTreeMap;

/// How exact the moment of the last use is, in seconds.
pub const KEY_USE_SECONDS: i64 = 3600;

/// Remembers when keys were used.
pub trait KeyUses: Send + Sync {
    /// Notes that a key was used: at most one write, and none when a use was noted less than an hour ago.
    fn note(
        &self,
        tenant: OrganizationId,
        key: ApiKeyId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// When each of these keys, at most 100, was used last; those that never were are missing. One read.
    fn last<'a>(
        &'a self,
        tenant: OrganizationId,
        keys: &'a [ApiKeyId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<BTreeMap<ApiKeyId, Timestamp>, StoreError>>;
}
