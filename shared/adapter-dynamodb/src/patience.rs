//! Pauses between retries after a retryable answer of DynamoDB: exponential, with full jitter, bounded in number and
//! time, so that colliding writers do not collide again and no caller waits for ever.

use crate::random::random;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The tries and the time that are left.
#[derive(Debug)]
pub(crate) struct Patience {
    tries_left: u32,
    pauses: u32,
    until: Instant,
}

impl Patience {
    /// At most `tries` tries, the first included, begun within `time`.
    pub(crate) fn new(tries: u32, time: Duration) -> Self {
        Self { tries_left: tries.saturating_sub(1), pauses: 0, until: Instant::now() + time }
    }

    /// Waits before another try; false when no try is left.
    pub(crate) async fn pause(&mut self) -> bool {
        let Some(left) = self.tries_left.checked_sub(1) else { return false };
        self.tries_left = left;
        let longest = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(self.pauses).unwrap_or(u32::MAX));
        self.pauses += 1;
        let share = random::<2>().map_or(0.5, |bytes| f64::from(u16::from_be_bytes(bytes)) / 65_536.0);
        let pause = longest.min(Duration::from_millis(640)).mul_f64(share);
        if Instant::now() + pause > self.until {
            return false;
        }
        sleep(pause).await;
        true
    }
}
