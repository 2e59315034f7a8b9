//! The table that gives each error of Bedrock its meaning. The first rule that matches decides. Only [`Meaning::Failing`] and, after
//! long enough, [`Meaning::TimedOut`] count in a model's breaker, which all organizations share. A rule that lets a request
//! count would let one caller close a model to everybody.

/// The meaning of an error for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The provider or the model failed, whatever the request was.
    Failing,
    /// The provider gave up waiting for the model.
    TimedOut,
    /// The account's quota is used up.
    Throttled,
    /// The account can't use the model.
    NotAvailable,
    /// The prompt is too long.
    TooLong,
    /// The model's output was malformed.
    Malformed,
    /// The provider refuses this request.
    Refused,
    /// The status says success, and the body can't be read.
    Unreadable,
}

/// A rule of the table. An empty list matches everything.
pub(crate) struct Rule {
    /// Bedrock's names of the error.
    names: &'static [&'static str],
    /// Ranges of HTTP statuses; for a model's own error, the status that the model gave where it is known.
    statuses: &'static [(u16, u16)],
    /// Parts of the message, in lower case; one of them must be in it.
    texts: &'static [&'static str],
    pub(crate) meaning: Meaning,
    /// The reason for the meaning.
    #[cfg_attr(not(test), allow(dead_code, reason = "for readers and for the tests"))]
    pub(crate) reason: &'static str,
}

const MODEL_ERRORS: &[&str] = &["ModelErrorException", "ModelStreamErrorException"];

pub(crate) const RULES: &[Rule] = &[
    Rule {
        names: &["ThrottlingException", "ServiceQuotaExceededException", "TooManyRequestsException"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::Throttled,
        reason: "the account's quota for requests or tokens is used up; the provider works",
    },
    Rule {
        names: &["ModelNotReadyException"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::Throttled,
        reason: "the model is being loaded for this account; it is asked again like after throttling",
    },
    Rule {
        names: &["ModelTimeoutException"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::TimedOut,
        reason: "the model took too long, which a long answer can cause too",
    },
    Rule {
        names: MODEL_ERRORS,
        statuses: &[],
        texts: &["invalid sequence", "tooluse", "tool use"],
        meaning: Meaning::Malformed,
        reason: "the model wrote a malformed tool call, which Nova does for some schemas each time",
    },
    Rule {
        names: MODEL_ERRORS,
        statuses: &[(408, 408), (504, 504)],
        texts: &[],
        meaning: Meaning::TimedOut,
        reason: "the model took too long, which a long answer can cause too",
    },
    Rule {
        names: MODEL_ERRORS,
        statuses: &[(429, 429)],
        texts: &[],
        meaning: Meaning::Throttled,
        reason: "the model has no capacity for this account at the moment",
    },
    Rule {
        names: MODEL_ERRORS,
        statuses: &[(500, 599)],
        texts: &[],
        meaning: Meaning::Failing,
        reason: "the model's server says that it failed",
    },
    Rule {
        names: MODEL_ERRORS,
        statuses: &[],
        texts: &[],
        meaning: Meaning::Malformed,
        reason: "the model could not process this question, and nothing says that it would fail for another one",
    },
    Rule {
        names: &["InternalServerException", "ServiceUnavailableException"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::Failing,
        reason: "the service says that it failed",
    },
    Rule {
        names: &["AccessDeniedException", "SubscriptionRequiredException", "OptInRequired"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::NotAvailable,
        reason: "the role, the model access or the Marketplace subscription is missing",
    },
    Rule {
        names: &["ResourceNotFoundException"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::NotAvailable,
        reason: "the model or the inference profile does not exist in this region, or has reached its end of life",
    },
    Rule {
        names: &[
            "UnrecognizedClientException",
            "ExpiredTokenException",
            "InvalidSignatureException",
            "IncompleteSignature",
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
        ],
        statuses: &[],
        texts: &[],
        meaning: Meaning::NotAvailable,
        reason: "our own credentials are wrong",
    },
    // The wordings of models on Bedrock for a prompt that does not fit: Claude (three wordings), Nova, Llama and
    // Mistral, Titan.
    Rule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &[
            "input is too long",
            "prompt is too long",
            "exceed context limit",
            "number of input tokens exceeds maximum length",
            "maximum context length",
            "too many input tokens",
        ],
        meaning: Meaning::TooLong,
        reason: "the prompt does not fit the model's context",
    },
    // The id is wrong, or can be used only through an inference profile, or the account may not use the model.
    Rule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &["model identifier is invalid", "on-demand throughput isn", "operation not allowed"],
        meaning: Meaning::NotAvailable,
        reason: "the account can't use the model by this id",
    },
    Rule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &["guardrail identifier", "guardrail version"],
        meaning: Meaning::NotAvailable,
        reason: "the configured guardrail does not exist; callers don't choose it",
    },
    Rule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &[],
        meaning: Meaning::Refused,
        reason: "the request breaks a rule of the service or the model: a parameter, the schema, the content",
    },
    // Errors without a name that the operation documents come from a proxy or from AWS's own front end.
    Rule {
        names: &[],
        statuses: &[(429, 429)],
        texts: &[],
        meaning: Meaning::Throttled,
        reason: "the account sends too much",
    },
    Rule {
        names: &[],
        statuses: &[(408, 408), (504, 504)],
        texts: &[],
        meaning: Meaning::TimedOut,
        reason: "a proxy gave up waiting, which a long answer can cause too",
    },
    Rule {
        names: &[],
        statuses: &[(401, 404), (407, 407)],
        texts: &[],
        meaning: Meaning::NotAvailable,
        reason: "no access, or nothing at this address",
    },
    Rule {
        names: &[],
        statuses: &[(413, 413)],
        texts: &[],
        meaning: Meaning::TooLong,
        reason: "the request is larger than the service takes",
    },
    Rule {
        names: &[],
        statuses: &[(424, 424)],
        texts: &[],
        meaning: Meaning::Malformed,
        reason: "the model could not process this question",
    },
    Rule {
        names: &[],
        statuses: &[(500, 599)],
        texts: &[],
        meaning: Meaning::Failing,
        reason: "the service says that it failed",
    },
    Rule {
        names: &[],
        statuses: &[(0, 299)],
        texts: &[],
        meaning: Meaning::Unreadable,
        reason: "the service says that all is well in a body of another shape",
    },
    Rule {
        names: &[],
        statuses: &[],
        texts: &[],
        meaning: Meaning::Refused,
        reason: "the request is refused, and repeating it gives the same",
    },
];

/// The rule for an error of this name, status and message.
pub(crate) fn rule(name: Option<&str>, status: u16, message: &str) -> Option<(usize, &'static Rule)> {
    let message = message.to_lowercase();
    RULES.iter().enumerate().find(|(_, rule)| {
        let named = rule.names.is_empty() || name.is_some_and(|name| rule.names.contains(&name));
        let statuses = rule.statuses;
        let ranged = statuses.is_empty() || statuses.iter().any(|(from, to)| (*from..=*to).contains(&status));
        named && ranged && (rule.texts.is_empty() || rule.texts.iter().any(|text| message.contains(text)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const TOOL_USE: &str = "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide.";

    /// An example for each rule: Bedrock's error, and its meaning.
    const EXAMPLES: &[(&str, u16, &str, Meaning)] = &[
        ("ThrottlingException", 429, "Too many tokens, please wait before trying again.", Meaning::Throttled),
        ("ServiceQuotaExceededException", 400, "Your request exceeds the service quota", Meaning::Throttled),
        ("ModelNotReadyException", 429, "Model is not ready for inference.", Meaning::Throttled),
        ("ModelTimeoutException", 408, "Model took too long", Meaning::TimedOut),
        ("ModelErrorException", 424, TOOL_USE, Meaning::Malformed),
        ("ModelStreamErrorException", 424, TOOL_USE, Meaning::Malformed),
        ("ModelErrorException", 500, TOOL_USE, Meaning::Malformed),
        ("ModelStreamErrorException", 504, "upstream", Meaning::TimedOut),
        ("ModelErrorException", 429, "busy", Meaning::Throttled),
        ("ModelErrorException", 503, "The system encountered an unexpected error.", Meaning::Failing),
        ("ModelErrorException", 424, "The request failed while processing the model.", Meaning::Malformed),
        ("ModelStreamErrorException", 400, "no", Meaning::Malformed),
        ("InternalServerException", 500, "", Meaning::Failing),
        ("ServiceUnavailableException", 503, "Bedrock is unable to process your request.", Meaning::Failing),
        (
            "AccessDeniedException",
            403,
            "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
             Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
            Meaning::NotAvailable,
        ),
        (
            "ResourceNotFoundException",
            404,
            "This model version has reached the end of its life.",
            Meaning::NotAvailable,
        ),
        ("ExpiredTokenException", 403, "The security token is expired", Meaning::NotAvailable),
        ("ValidationException", 400, "Input is too long for requested model.", Meaning::TooLong),
        (
            "ValidationException",
            400,
            "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum",
            Meaning::TooLong,
        ),
        (
            "ValidationException",
            400,
            "The model returned the following errors: input length and `max_tokens` exceed context limit: 1 + 2 > 3",
            Meaning::TooLong,
        ),
        (
            "ValidationException",
            400,
            "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
            Meaning::TooLong,
        ),
        ("ValidationException", 400, "This model's maximum context length is 8192 tokens.", Meaning::TooLong),
        ("ValidationException", 400, "The provided model identifier is invalid.", Meaning::NotAvailable),
        (
            "ValidationException",
            400,
            "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
            Meaning::NotAvailable,
        ),
        ("ValidationException", 400, "Operation not allowed", Meaning::NotAvailable),
        (
            "ValidationException",
            400,
            "The guardrail identifier or version provided in the request does not exist.",
            Meaning::NotAvailable,
        ),
        ("ValidationException", 400, "temperature must be at most 1", Meaning::Refused),
        (
            "ValidationException",
            400,
            "The format of the value at toolConfig.tools.0 is invalid",
            Meaning::Refused,
        ),
        ("", 429, "", Meaning::Throttled),
        ("", 504, "", Meaning::TimedOut),
        ("", 403, "", Meaning::NotAvailable),
        ("", 404, "", Meaning::NotAvailable),
        ("", 413, "", Meaning::TooLong),
        ("", 424, "", Meaning::Malformed),
        ("", 502, "", Meaning::Failing),
        ("", 200, "", Meaning::Unreadable),
        ("", 400, "", Meaning::Refused),
        ("ConflictException", 400, "", Meaning::Refused),
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
        let failing = RULES.iter().filter(|rule| rule.meaning == Meaning::Failing);
        for rule in failing {
            let said_by_itself = rule.names == ["InternalServerException", "ServiceUnavailableException"];
            assert!(said_by_itself || rule.statuses == [(500, 599)], "{}", rule.reason);
        }
    }
}
