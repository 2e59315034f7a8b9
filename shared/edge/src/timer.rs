//! The runtime's clock, as the port of the use cases.

use ports::{BoxFuture, Timer};
use std::time::Duration;

/// Waits by the runtime's timer.
#[derive(Debug, Default, Clone, Copy)]
pub struct RuntimeTimer;

impl Timer for RuntimeTimer {
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}
