//! The table that gives each error of Bedrock its meaning. The first rule that matches decides. Only [`ErrorMeaning::Failing`] and, after
//! long enough, [`ErrorMeaning::TimedOut`] count in a model's breaker, which all organizations share. A rule that lets a request
//! count would let one caller close a model to everybody.

/// The meaning of an error for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorMeaning {
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
pub(crate) struct ErrorRule {
    /// Bedrock's names of the error.
    names: &'static [&'static str],
    /// Ranges of HTTP statuses; for a model's own error, the status that the model gave where it is known.
    statuses: &'static [(u16, u16)],
    /// Parts of the message, in lower case; one of them must be in it.
    texts: &'static [&'static str],
    pub(crate) meaning: ErrorMeaning,
    /// The reason for the meaning.
    #[cfg_attr(not(test), allow(dead_code, reason = "for readers and for the tests"))]
    pub(crate) reason: &'static str,
}

const MODEL_ERRORS: &[&str] = &["ModelErrorException", "ModelStreamErrorException"];

pub(crate) const RULES: &[ErrorRule] = &[
    ErrorRule {
        names: &["ThrottlingException", "ServiceQuotaExceededException", "TooManyRequestsException"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::Throttled,
        reason: "the account's quota for requests or tokens is used up; the provider works",
    },
    ErrorRule {
        names: &["ModelNotReadyException"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::Throttled,
        reason: "the model is being loaded for this account; it is asked again like after throttling",
    },
    ErrorRule {
        names: &["ModelTimeoutException"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::TimedOut,
        reason: "the model took too long, which a long answer can cause too",
    },
    ErrorRule {
        names: MODEL_ERRORS,
        statuses: &[],
        texts: &["invalid sequence", "tooluse", "tool use"],
        meaning: ErrorMeaning::Malformed,
        reason: "the model wrote a malformed tool call, which Nova does for some schemas each time",
    },
    ErrorRule {
        names: MODEL_ERRORS,
        statuses: &[(408, 408), (504, 504)],
        texts: &[],
        meaning: ErrorMeaning::TimedOut,
        reason: "the model took too long, which a long answer can cause too",
    },
    ErrorRule {
        names: MODEL_ERRORS,
        statuses: &[(429, 429)],
        texts: &[],
        meaning: ErrorMeaning::Throttled,
        reason: "the model has no capacity for this account at the moment",
    },
    ErrorRule {
        names: MODEL_ERRORS,
        statuses: &[(500, 599)],
        texts: &[],
        meaning: ErrorMeaning::Failing,
        reason: "the model's server says that it failed",
    },
    ErrorRule {
        names: MODEL_ERRORS,
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::Malformed,
        reason: "the model could not process this prompt, and nothing says that it would fail for another one",
    },
    ErrorRule {
        names: &["InternalServerException", "ServiceUnavailableException"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::Failing,
        reason: "the service says that it failed",
    },
    ErrorRule {
        names: &["AccessDeniedException", "SubscriptionRequiredException", "OptInRequired"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "the role, the model access or the Marketplace subscription is missing",
    },
    ErrorRule {
        names: &["ResourceNotFoundException"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "the model or the inference profile does not exist in this region, or has reached its end of life",
    },
    ErrorRule {
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
        meaning: ErrorMeaning::NotAvailable,
        reason: "our own credentials are wrong",
    },
    // The wordings of models on Bedrock for a prompt that does not fit: Claude (three wordings), Nova, Llama and
    // Mistral, Titan.
    ErrorRule {
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
        meaning: ErrorMeaning::TooLong,
        reason: "the prompt does not fit the model's context",
    },
    // The id is wrong, or can be used only through an inference profile, or the account may not use the model.
    ErrorRule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &["model identifier is invalid", "on-demand throughput isn", "operation not allowed"],
        meaning: ErrorMeaning::NotAvailable,
        reason: "the account can't use the model by this id",
    },
    ErrorRule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &["guardrail identifier", "guardrail version"],
        meaning: ErrorMeaning::NotAvailable,
        reason: "the configured guardrail does not exist; callers don't choose it",
    },
    ErrorRule {
        names: &["ValidationException"],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::Refused,
        reason: "the request breaks a rule of the service or the model: a parameter, the schema, the content",
    },
    // Errors without a name that the operation documents come from a proxy or from AWS's own front end.
    ErrorRule {
        names: &[],
        statuses: &[(429, 429)],
        texts: &[],
        meaning: ErrorMeaning::Throttled,
        reason: "the account sends too much",
    },
    ErrorRule {
        names: &[],
        statuses: &[(408, 408), (504, 504)],
        texts: &[],
        meaning: ErrorMeaning::TimedOut,
        reason: "a proxy gave up waiting, which a long answer can cause too",
    },
    ErrorRule {
        names: &[],
        statuses: &[(401, 404), (407, 407)],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "no access, or nothing at this address",
    },
    ErrorRule {
        names: &[],
        statuses: &[(413, 413)],
        texts: &[],
        meaning: ErrorMeaning::TooLong,
        reason: "the request is larger than the service takes",
    },
    ErrorRule {
        names: &[],
        statuses: &[(424, 424)],
        texts: &[],
        meaning: ErrorMeaning::Malformed,
        reason: "the model could not process this prompt",
    },
    ErrorRule {
        names: &[],
        statuses: &[(500, 599)],
        texts: &[],
        meaning: ErrorMeaning::Failing,
        reason: "the service says that it failed",
    },
    ErrorRule {
        names: &[],
        statuses: &[(0, 299)],
        texts: &[],
        meaning: ErrorMeaning::Unreadable,
        reason: "the service says that all is well in a body of another shape",
    },
    ErrorRule {
        names: &[],
        statuses: &[],
        texts: &[],
        meaning: ErrorMeaning::Refused,
        reason: "the request is refused, and repeating it gives the same",
    },
];

/// The rule for an error of this name, status and message.
pub(crate) fn rule(name: Option<&str>, status: u16, message: &str) -> Option<(usize, &'static ErrorRule)> {
    let message = message.to_lowercase();
    RULES.iter().enumerate().find(|(_, rule)| {
        let named = rule.names.is_empty() || name.is_some_and(|name| rule.names.contains(&name));
        let statuses = rule.statuses;
        let ranged = statuses.is_empty() || statuses.iter().any(|(from, to)| (*from..=*to).contains(&status));
        named && ranged && (rule.texts.is_empty() || rule.texts.iter().any(|text| message.contains(text)))
    })
}

#[cfg(test)]
mod tests;
