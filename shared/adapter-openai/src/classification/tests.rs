//! An example for each rule of the table.

use super::*;
use std::collections::BTreeSet;

/// An example for each rule: status, `code`, `type`, message, and meaning.
const EXAMPLES: &[(u16, &str, &str, &str, ErrorMeaning)] = &[
    (400, "context_length_exceeded", "invalid_request_error", "", ErrorMeaning::TooLong),
    (400, "", "exceed_context_size_error", "", ErrorMeaning::TooLong),
    (400, "", "", "This model's maximum context length is 8192 tokens, however", ErrorMeaning::TooLong),
    (500, "", "", "the input length exceeds the context length", ErrorMeaning::TooLong),
    (
        400,
        "",
        "",
        "The input (900 tokens) is longer than the model's context length (512 tokens).",
        ErrorMeaning::TooLong,
    ),
    (
        422,
        "",
        "validation",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000",
        ErrorMeaning::TooLong,
    ),
    (
        429,
        "rate_limit_exceeded",
        "tokens",
        "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 30601. The input or output \
         tokens must be reduced in order to run successfully.",
        ErrorMeaning::TooLong,
    ),
    (413, "", "", "", ErrorMeaning::TooLong),
    (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota",
        ErrorMeaning::NotAvailable,
    ),
    (402, "", "", "Insufficient credits", ErrorMeaning::NotAvailable),
    (
        500,
        "",
        "model_error",
        "The model produced invalid content. Consider modifying your prompt if you are seeing this error persistently.",
        ErrorMeaning::Malformed,
    ),
    (400, "tool_use_failed", "invalid_request_error", "Failed to call a function.", ErrorMeaning::Malformed),
    (
        400,
        "json_validate_failed",
        "invalid_request_error",
        "Failed to generate JSON.",
        ErrorMeaning::Malformed,
    ),
    (
        500,
        "",
        "api_error",
        "error parsing tool call: raw='{\"a\"', err=unexpected end of JSON input",
        ErrorMeaning::Malformed,
    ),
    (500, "", "api_error", "invalid JSON schema in format", ErrorMeaning::Refused),
    (
        500,
        "",
        "server_error",
        "Failed to initialize samplers: failed to parse grammar",
        ErrorMeaning::Refused,
    ),
    (400, "content_filter", "", "The response was filtered", ErrorMeaning::Refused),
    (
        403,
        "",
        "",
        "Your chosen model requires moderation and your input was flagged for \"violence\"",
        ErrorMeaning::Refused,
    ),
    (
        429,
        "rate_limit_exceeded",
        "requests",
        "Rate limit reached. Please try again in 2s.",
        ErrorMeaning::Throttled,
    ),
    (429, "", "overloaded", "Model is overloaded", ErrorMeaning::Throttled),
    (498, "", "", "Flex tier capacity exceeded", ErrorMeaning::Throttled),
    (504, "", "", "<html>Gateway Time-out</html>", ErrorMeaning::TimedOut),
    (408, "", "", "", ErrorMeaning::TimedOut),
    (401, "invalid_api_key", "invalid_request_error", "", ErrorMeaning::NotAvailable),
    (403, "unsupported_country_region_territory", "request_forbidden", "", ErrorMeaning::NotAvailable),
    (404, "", "", "model not found", ErrorMeaning::NotAvailable),
    (405, "", "", "", ErrorMeaning::NotAvailable),
    (400, "model_not_found", "", "", ErrorMeaning::NotAvailable),
    (400, "model_decommissioned", "invalid_request_error", "", ErrorMeaning::NotAvailable),
    (400, "", "", "some/model is not a valid model ID", ErrorMeaning::NotAvailable),
    (400, "invalid_request_error", "", "Model Not Exist", ErrorMeaning::NotAvailable),
    (424, "", "generation", "Request failed during generation", ErrorMeaning::Malformed),
    (400, "", "invalid_request_error", "Invalid schema for response_format", ErrorMeaning::Refused),
    (422, "", "validation", "Input validation error", ErrorMeaning::Refused),
    (500, "", "server_error", "The server had an error while processing your request", ErrorMeaning::Failing),
    (503, "", "", "Slow down", ErrorMeaning::Failing),
    (307, "", "", "", ErrorMeaning::Failing),
];

#[test]
fn each_rule_decides_its_example() {
    let mut used = BTreeSet::new();
    for (status, code, kind, message, meaning) in EXAMPLES {
        let names = [*code, *kind].map(|name| Some(name).filter(|name| !name.is_empty()));
        let (at, rule) = rule(*status, names, message).unwrap();
        assert_eq!(rule.meaning, *meaning, "{status} {names:?} {message}");
        used.insert(at);
    }
    assert_eq!(used, (0..RULES.len()).collect(), "a rule without an example");
    assert!(RULES.iter().all(|rule| !rule.reason.is_empty()));
}

#[test]
fn nothing_that_a_server_says_of_a_request_is_a_failure() {
    for status in 400..500 {
        assert_ne!(rule(status, [None; 2], "").unwrap().1.meaning, ErrorMeaning::Failing, "{status}");
    }
    let failing = RULES.iter().filter(|rule| rule.meaning == ErrorMeaning::Failing);
    assert_eq!(failing.count(), 1);
}
