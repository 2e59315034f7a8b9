//! Waiting, which needs a runtime.

use super::BoxFuture;
use std::time::Duration;

/// Waits.
pub trait Timer: Send + Sync {
    /// Completes after this time.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}
