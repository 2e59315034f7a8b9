//! An example for each rule of the table.

use super::*;
use std::collections::BTreeSet;

const TOOL_USE: &str = "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide.";

/// An example for each rule: Bedrock's error, and its meaning.
const EXAMPLES: &[(&str, u16, &str, ErrorMeaning)] = &[
    (
        "ThrottlingException",
        429,
        "Too many tokens, please wait before trying again.",
        ErrorMeaning::Throttled,
    ),
    ("ServiceQuotaExceededException", 400, "Your request exceeds the service quota", ErrorMeaning::Throttled),
    ("ModelNotReadyException", 429, "Model is not ready for inference.", ErrorMeaning::Throttled),
    ("ModelTimeoutException", 408, "Model took too long", ErrorMeaning::TimedOut),
    ("ModelErrorException", 424, TOOL_USE, ErrorMeaning::Malformed),
    ("ModelStreamErrorException", 424, TOOL_USE, ErrorMeaning::Malformed),
    ("ModelErrorException", 500, TOOL_USE, ErrorMeaning::Malformed),
    ("ModelStreamErrorException", 504, "upstream", ErrorMeaning::TimedOut),
    ("ModelErrorException", 429, "busy", ErrorMeaning::Throttled),
    ("ModelErrorException", 503, "The system encountered an unexpected error.", ErrorMeaning::Failing),
    ("ModelErrorException", 424, "The request failed while processing the model.", ErrorMeaning::Malformed),
    ("ModelStreamErrorException", 400, "no", ErrorMeaning::Malformed),
    ("InternalServerException", 500, "", ErrorMeaning::Failing),
    ("ServiceUnavailableException", 503, "Bedrock is unable to process your request.", ErrorMeaning::Failing),
    (
        "AccessDeniedException",
        403,
        "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
         Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
        ErrorMeaning::NotAvailable,
    ),
    (
        "ResourceNotFoundException",
        404,
        "This model version has reached the end of its life.",
        ErrorMeaning::NotAvailable,
    ),
    ("ExpiredTokenException", 403, "The security token is expired", ErrorMeaning::NotAvailable),
    ("ValidationException", 400, "Input is too long for requested model.", ErrorMeaning::TooLong),
    (
        "ValidationException",
        400,
        "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum",
        ErrorMeaning::TooLong,
    ),
    (
        "ValidationException",
        400,
        "The model returned the following errors: input length and `max_tokens` exceed context limit: 1 + 2 > 3",
        ErrorMeaning::TooLong,
    ),
    (
        "ValidationException",
        400,
        "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        ErrorMeaning::TooLong,
    ),
    (
        "ValidationException",
        400,
        "This model's maximum context length is 8192 tokens.",
        ErrorMeaning::TooLong,
    ),
    ("ValidationException", 400, "The provided model identifier is invalid.", ErrorMeaning::NotAvailable),
    (
        "ValidationException",
        400,
        "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
        ErrorMeaning::NotAvailable,
    ),
    ("ValidationException", 400, "Operation not allowed", ErrorMeaning::NotAvailable),
    (
        "ValidationException",
        400,
        "The guardrail identifier or version provided in the request does not exist.",
        ErrorMeaning::NotAvailable,
    ),
    ("ValidationException", 400, "temperature must be at most 1", ErrorMeaning::Refused),
    (
        "ValidationException",
        400,
        "The format of the value at toolConfig.tools.0 is invalid",
        ErrorMeaning::Refused,
    ),
    ("", 429, "", ErrorMeaning::Throttled),
    ("", 504, "", ErrorMeaning::TimedOut),
    ("", 403, "", ErrorMeaning::NotAvailable),
    ("", 404, "", ErrorMeaning::NotAvailable),
    ("", 413, "", ErrorMeaning::TooLong),
    ("", 424, "", ErrorMeaning::Malformed),
    ("", 502, "", ErrorMeaning::Failing),
    ("", 200, "", ErrorMeaning::Unreadable),
    ("", 400, "", ErrorMeaning::Refused),
    ("ConflictException", 400, "", ErrorMeaning::Refused),
];

#[test]
fn each_rule_decides_its_example() {
    let mut used = BTreeSet::new();
    for (name, status, message, meaning) in EXAMPLES {
        let name = Some(*name).filter(|name| !name.is_empty());
        let (at, rule) = rule(name, *status, message).unwrap();
        assert_eq!(rule.meaning, *meaning, "{name:?} {status} {message}");
        used.insert(at);
    }
    assert_eq!(used, (0..RULES.len()).collect(), "a rule without an example");
    assert!(RULES.iter().all(|rule| !rule.reason.is_empty()));
}

#[test]
fn only_what_the_service_or_the_models_server_says_of_itself_is_a_failure() {
    let failing = RULES.iter().filter(|rule| rule.meaning == ErrorMeaning::Failing);
    for rule in failing {
        let said_by_itself = rule.names == ["InternalServerException", "ServiceUnavailableException"];
        assert!(said_by_itself || rule.statuses == [(500, 599)], "{}", rule.reason);
    }
}
