//! The clock of the service, as its answers tell it. AWS refuses a signature whose time differs from its own by five minutes.

use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::SigningError;

/// The most seconds by which the clock may differ from the service's, as in the SDK. AWS refuses a difference of five minutes.
const TOLERATED_SECONDS: i64 = 240;

/// On an answer whose time is too far from that of the signature: the difference of the clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrongClock(pub(super) i64);

/// Marks a refusal whose time is too far from that of the signature, which was made at `now` with the difference `signed`. A
/// time from a cache says nothing, as in the SDK.
pub(super) fn mark_wrong_clock(response: &mut HttpResponse, signed: i64, now: i64) {
    if !response.status().is_client_error() || response.headers().get("age").is_some() {
        return;
    }
    if let Some(time) = response.headers().get("date").and_then(http_date) {
        let difference = time.saturating_sub(now);
        if difference.saturating_sub(signed).abs() > TOLERATED_SECONDS {
            response.add_extension(WrongClock(difference));
        }
    }
}

/// The time of this process, in Unix seconds.
pub(super) fn seconds(components: &RuntimeComponents) -> Result<i64, SigningError> {
    let now = components.time_source().map_or_else(SystemTime::now, |source| source.now());
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| SigningError::Time)?;
    i64::try_from(since.as_secs()).map_err(|_| SigningError::Time)
}

/// The difference of the clocks, if the answer refuses the signature because of it.
pub(super) fn refused_clock(response: &HttpResponse) -> Option<WrongClock> {
    const CODE: &str = "InvalidSignatureException";
    let wrong = response.extension::<WrongClock>()?;
    // The AWS JSON protocol has the code in the body, REST protocols have it in a header.
    let in_header = response.headers().get("x-amzn-errortype").is_some_and(|code| code.contains(CODE));
    let in_body = || {
        let body = response.body().bytes().unwrap_or_default();
        body.windows(CODE.len()).any(|part| part == CODE.as_bytes())
    };
    (in_header || in_body()).then_some(*wrong)
}

fn http_date(text: &str) -> Option<i64> {
    DateTime::from_str(text, Format::HttpDate).ok().map(|time| time.secs())
}
