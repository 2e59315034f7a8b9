//! The last uses of API keys. They are useful but not worth a request's failure: a use is written at most once an hour,
//! is no event, and may be lost.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::id::{ApiKeyId, OrganizationId};
use std::collections::BTreeMap;

/// The precision of the last use, in seconds.
pub const KEY_USE_SECONDS: i64 = 3600;

/// The last uses of keys.
pub trait KeyUses: Send + Sync {
    /// Records that a key was used: at most one write, and none when a use was recorded less than an hour ago.
    fn note(
        &self,
        tenant: OrganizationId,
        key: ApiKeyId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The last use of each of these keys, at most 100; keys that were never used are missing. One read.
    fn last<'a>(
        &'a self,
        tenant: OrganizationId,
        keys: &'a [ApiKeyId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<BTreeMap<ApiKeyId, Timestamp>, StoreError>>;
}
