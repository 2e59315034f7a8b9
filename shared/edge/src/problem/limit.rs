//! The state of a rate limit in the headers of an answer.

use ports::LimitDecision;

/// The headers of draft-ietf-httpapi-ratelimit-headers, as `infra/openapi.yaml` documents them.
pub(crate) fn limit_headers(decision: LimitDecision) -> [(&'static str, String); 2] {
    let name = decision.limit.name;
    [
        ("RateLimit", format!("\"{name}\";r={};t={}", decision.remaining, decision.reset_seconds)),
        (
            "RateLimit-Policy",
            format!("\"{name}\";q={};w={}", decision.limit.burst, decision.limit.period_seconds),
        ),
    ]
}

/// The same state in OpenAI's headers, which its clients read
/// (<https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers>). There is no limit of tokens.
pub(crate) fn openai_limit_headers(decision: LimitDecision) -> [(&'static str, String); 3] {
    [
        ("X-Ratelimit-Limit-Requests", decision.limit.burst.to_string()),
        ("X-Ratelimit-Remaining-Requests", decision.remaining.to_string()),
        ("X-Ratelimit-Reset-Requests", openai_duration(decision.reset_seconds)),
    ]
}

/// A duration as OpenAI writes it: `1s`, `6m0s`, `2h0m5s`.
fn openai_duration(seconds: u32) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::openai_duration;

    #[test]
    fn durations_are_written_as_openai_writes_them() {
        for (seconds, text) in [
            (0, "0s"),
            (1, "1s"),
            (59, "59s"),
            (60, "1m0s"),
            (360, "6m0s"),
            (3_599, "59m59s"),
            (3_600, "1h0m0s"),
            (7_205, "2h0m5s"),
            (86_400, "24h0m0s"),
        ] {
            assert_eq!(openai_duration(seconds), text);
        }
    }
}
