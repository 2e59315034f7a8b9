//! The table that gives each error of a server its meaning. The first rule that matches decides. Only [`ErrorMeaning::Failing`] and, after
//! long enough, [`ErrorMeaning::TimedOut`] count in a model's breaker, which all organizations share. A rule that lets a request
//! count would let one caller close a model to everybody.

/// The meaning of an error for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorMeaning {
    /// The server failed, whatever the request was.
    Failing,
    /// A proxy or the server gave up waiting for the model.
    TimedOut,
    /// The account's quota is used up.
    Throttled,
    /// The account can't use the model.
    NotAvailable,
    /// The prompt is too long.
    TooLong,
    /// The model's output was malformed.
    Malformed,
    /// The server refuses this request.
    Refused,
}

/// A rule of the table. An empty list matches everything.
pub(crate) struct ErrorRule {
    /// Ranges of HTTP statuses.
    statuses: &'static [(u16, u16)],
    /// The error's `code` or `type`; one of them must be in the list.
    names: &'static [&'static str],
    /// Parts of the message, in lower case; one of them must be in it.
    texts: &'static [&'static str],
    pub(crate) meaning: ErrorMeaning,
    /// The reason for the meaning.
    #[cfg_attr(not(test), allow(dead_code, reason = "for readers and for the tests"))]
    pub(crate) reason: &'static str,
}

pub(crate) const RULES: &[ErrorRule] = &[
    // OpenAI and vLLM; llama.cpp.
    ErrorRule {
        statuses: &[],
        names: &["context_length_exceeded", "exceed_context_size_error"],
        texts: &[],
        meaning: ErrorMeaning::TooLong,
        reason: "the prompt does not fit the model's context",
    },
    // OpenAI, vLLM, Mistral, DeepSeek and OpenRouter; vLLM from 0.16; llama.cpp; Ollama; Gemini; SGLang; TGI.
    ErrorRule {
        statuses: &[],
        names: &[],
        texts: &[
            "maximum context length",
            "context length is only",
            "exceeds the available context size",
            "input length exceeds",
            "exceeds the maximum number of tokens",
            "longer than the model's context length",
            "max_new_tokens` must be",
        ],
        meaning: ErrorMeaning::TooLong,
        reason: "the prompt does not fit the model's context",
    },
    ErrorRule {
        statuses: &[(429, 429)],
        names: &[],
        texts: &["request too large"],
        meaning: ErrorMeaning::TooLong,
        reason: "this one request has more tokens than the account may send in a minute, so it can never be answered",
    },
    ErrorRule {
        statuses: &[(413, 413)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::TooLong,
        reason: "the request is larger than the server takes",
    },
    ErrorRule {
        statuses: &[],
        names: &["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "the account has no credit; waiting does not bring it back, another model may answer",
    },
    ErrorRule {
        statuses: &[(402, 402)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "the account has no credit",
    },
    ErrorRule {
        statuses: &[],
        names: &["model_error"],
        texts: &[],
        meaning: ErrorMeaning::Malformed,
        reason: "the model wrote what its server can't pass on (OpenAI, with a 500)",
    },
    ErrorRule {
        statuses: &[],
        names: &["tool_use_failed", "json_validate_failed"],
        texts: &[],
        meaning: ErrorMeaning::Malformed,
        reason: "the model wrote a malformed call or JSON (Groq, with a 400)",
    },
    ErrorRule {
        statuses: &[],
        names: &[],
        texts: &["error parsing tool call"],
        meaning: ErrorMeaning::Malformed,
        reason: "the model wrote a malformed tool call (Ollama, with a 500)",
    },
    ErrorRule {
        statuses: &[],
        names: &[],
        texts: &[
            "invalid json schema in format",
            "failed to parse grammar",
            "failed to initialize samplers",
            "json schema conversion failed",
            "failed to compile grammar",
            "grammar error",
        ],
        meaning: ErrorMeaning::Refused,
        reason: "the server can't follow the caller's schema (Ollama, llama.cpp and vLLM; some say it with a 500)",
    },
    ErrorRule {
        statuses: &[],
        names: &["content_filter", "content_policy_violation", "moderation_blocked"],
        texts: &[],
        meaning: ErrorMeaning::Refused,
        reason: "a content filter stopped the request",
    },
    ErrorRule {
        statuses: &[(400, 499)],
        names: &[],
        texts: &["was flagged"],
        meaning: ErrorMeaning::Refused,
        reason: "moderation stopped the request (OpenRouter says it with a 403)",
    },
    ErrorRule {
        statuses: &[(429, 429), (498, 498)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::Throttled,
        reason: "the account's quota for requests or tokens is used up, or the server's queue is full (Groq: 498)",
    },
    ErrorRule {
        statuses: &[(408, 408), (504, 504)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::TimedOut,
        reason: "the server or a proxy gave up waiting, which a long answer can cause too",
    },
    ErrorRule {
        statuses: &[(401, 401), (403, 407)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "a wrong key, a key without access, no such model, or nothing at this address",
    },
    ErrorRule {
        statuses: &[(400, 499)],
        names: &["model_not_found", "model_decommissioned", "invalid_model", "invalid_api_key"],
        texts: &[],
        meaning: ErrorMeaning::NotAvailable,
        reason: "no such model, or a wrong key",
    },
    // OpenRouter, DeepSeek, Gemini.
    ErrorRule {
        statuses: &[(400, 400)],
        names: &[],
        texts: &["is not a valid model id", "model not exist", "api key not valid"],
        meaning: ErrorMeaning::NotAvailable,
        reason: "no such model, or a wrong key, of which only the text tells",
    },
    ErrorRule {
        statuses: &[(424, 424)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::Malformed,
        reason: "the model failed while it wrote this answer (TGI); nothing says that it would fail for another prompt",
    },
    ErrorRule {
        statuses: &[(400, 499)],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::Refused,
        reason: "the request breaks a rule of the server or of the model",
    },
    // Server errors. Redirects count as such: no model server redirects today.
    ErrorRule {
        statuses: &[],
        names: &[],
        texts: &[],
        meaning: ErrorMeaning::Failing,
        reason: "the server says that it failed, or sends us elsewhere, whatever was asked",
    },
];

/// The rule for an error with this status, these names and this message.
pub(crate) fn rule(
    status: u16,
    names: [Option<&str>; 2],
    message: &str,
) -> Option<(usize, &'static ErrorRule)> {
    let message = message.to_lowercase();
    RULES.iter().enumerate().find(|(_, rule)| {
        let ranged = rule.statuses.iter().any(|(from, to)| (*from..=*to).contains(&status));
        let named = names.iter().flatten().any(|name| rule.names.contains(name));
        (rule.statuses.is_empty() || ranged)
            && (rule.names.is_empty() || named)
            && (rule.texts.is_empty() || rule.texts.iter().any(|text| message.contains(text)))
    })
}

#[cfg(test)]
mod tests;
