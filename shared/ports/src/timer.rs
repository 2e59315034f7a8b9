//! Waiting, which only a runtime can do.

use super::BoxFuture;
use std::time::Duration;

/// Waits.
pub trait Timer: Send + Sync {
    /// Is done after this time.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}
