//! Keeps a handler from taking its process down: panics are caught, and its deadline is enforced. The message of a
//! panic must never be logged, because it may quote the caller; its place is enough.

use futures_util::FutureExt as _;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};
use std::time::Instant;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The reason why guarded work has no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GuardFailure {
    /// The work panicked, at this place in the source.
    Panicked(String),
    /// The work was not done at its deadline, and was dropped.
    TimedOut,
}

/// The result of `work`, unless it panics or misses the deadline.
pub(crate) async fn guarded<T>(
    deadline: Instant,
    work: impl Future<Output = T> + Send,
) -> Result<T, GuardFailure> {
    remember_locations();
    let work = MarkedFuture(Box::pin(work));
    match tokio::time::timeout_at(deadline.into(), AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_payload)) => {
            let location = LOCATION.with(RefCell::take);
            Err(GuardFailure::Panicked(location.unwrap_or_else(|| "unknown".to_owned())))
        }
        Err(_elapsed) => Err(GuardFailure::TimedOut),
    }
}

/// A future that marks its thread while it is polled, so that the hook can attribute a panic to it.
struct MarkedFuture<'a, T>(Pin<Box<dyn Future<Output = T> + Send + 'a>>);

impl<T> Future for MarkedFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        struct Reset(bool);
        impl Drop for Reset {
            fn drop(&mut self) {
                GUARDED.set(self.0);
            }
        }
        let _reset = Reset(GUARDED.replace(true));
        self.0.as_mut().poll(context)
    }
}

/// Replaces the process's panic hook: panics of guarded work leave their location for [`guarded`], all others go to the
/// hook that was installed before.
fn remember_locations() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if GUARDED.get() {
                LOCATION.set(info.location().map(ToString::to_string));
            } else {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn in_ms(millis: u64) -> Instant {
        Instant::now() + Duration::from_millis(millis)
    }

    #[tokio::test]
    async fn tells_where_a_panic_happened_and_goes_on() {
        let broken = guarded(in_ms(1000), async { panic!("ada@northwind.example") }).await;
        let Err(GuardFailure::Panicked(location)) = broken else { panic!("{broken:?}") };
        assert!(location.contains("guard.rs:"), "{location}");
        assert!(!location.contains("ada"));
        assert_eq!(guarded(in_ms(1000), async { 7 }).await, Ok(7));
    }

    #[tokio::test]
    async fn drops_work_at_its_deadline() {
        let began = Instant::now();
        let work = tokio::time::sleep(Duration::from_secs(60));
        assert_eq!(guarded(in_ms(20), work).await, Err(GuardFailure::TimedOut));
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
