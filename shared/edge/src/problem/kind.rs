//! The kinds of problems. `infra/openapi.yaml` documents each; codes are a contract and never change.

/// A kind of problem: its code for programs, its title for people and its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// HTTP status.
    pub status: u16,
    /// The code for programs; the end of the problem's type.
    pub code: &'static str,
    /// The title for people; always the same for a code.
    pub title: &'static str,
}

impl Kind {
    /// The request is malformed or a value is not allowed.
    pub const INVALID_REQUEST: Self = Self::new(400, "invalid_request", "Invalid request");
    /// The prompt is longer than the model's context.
    pub const CONTEXT_LENGTH_EXCEEDED: Self =
        Self::new(400, "context_length_exceeded", "Context length exceeded");
    /// The provider of the model refuses the request.
    pub const MODEL_REFUSED: Self =
        Self::new(400, "model_refused", "Request refused by the model's provider");
    /// The cursor belongs to another list, query or caller, or was changed.
    pub const INVALID_CURSOR: Self = Self::new(400, "invalid_cursor", "Invalid cursor");
    /// A token from a mail is unknown, used, expired, or for something else.
    pub const INVALID_TOKEN: Self = Self::new(400, "invalid_token", "Invalid or expired token");
    /// The access token or API key is missing or not valid.
    pub const UNAUTHENTICATED: Self = Self::new(401, "unauthenticated", "Authentication required");
    /// Log-in failed.
    pub const INVALID_CREDENTIALS: Self = Self::new(401, "invalid_credentials", "Invalid credentials");
    /// Refresh failed.
    pub const INVALID_REFRESH_TOKEN: Self = Self::new(401, "invalid_refresh_token", "Invalid refresh token");
    /// The second factor, the challenge or the passkey is wrong.
    pub const INVALID_SECOND_FACTOR: Self = Self::new(401, "invalid_second_factor", "Invalid second factor");
    /// The bound of the request does not fit into a budget.
    pub const BUDGET_EXCEEDED: Self = Self::new(402, "budget_exceeded", "Budget exceeded");
    /// The role or the scopes do not allow it.
    pub const FORBIDDEN: Self = Self::new(403, "forbidden", "Forbidden");
    /// The operation needs a sign-in of the last 10 minutes.
    pub const REAUTHENTICATION_REQUIRED: Self =
        Self::new(403, "reauthentication_required", "Recent sign-in required");
    /// It does not exist, or the caller may not know that it exists.
    pub const NOT_FOUND: Self = Self::new(404, "not_found", "Not found");
    /// The model does not exist, or the caller may not ask it.
    pub const MODEL_NOT_FOUND: Self = Self::new(404, "model_not_found", "Model not found");
    /// The path does not have the method.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(405, "method_not_allowed", "Method not allowed");
    /// Other requests changed it at the same time, at each attempt.
    pub const CONFLICT: Self = Self::new(409, "conflict", "Conflicting change");
    /// The e-mail address has an account.
    pub const EMAIL_TAKEN: Self = Self::new(409, "email_taken", "E-mail address already registered");
    /// The first request with the key is still running.
    pub const REQUEST_IN_PROGRESS: Self = Self::new(409, "request_in_progress", "Request in progress");
    /// A repeated request made it the first time, and it was deleted since then.
    pub const GONE: Self = Self::new(410, "gone", "Resource deleted");
    /// The request's `If-Match` or `If-None-Match` does not allow the entity's version.
    pub const PRECONDITION_FAILED: Self = Self::new(412, "precondition_failed", "Precondition failed");
    /// The body is too large.
    pub const BODY_TOO_LARGE: Self = Self::new(413, "body_too_large", "Request body too large");
    /// The body is not JSON.
    pub const UNSUPPORTED_MEDIA_TYPE: Self =
        Self::new(415, "unsupported_media_type", "Unsupported media type");
    /// The idempotency key was sent with another request before.
    pub const IDEMPOTENCY_KEY_REUSED: Self =
        Self::new(422, "idempotency_key_reused", "Idempotency key reused");
    /// No completion matched the schema of the request.
    pub const ANSWER_DOES_NOT_MATCH_SCHEMA: Self =
        Self::new(422, "answer_does_not_match_schema", "Answer does not match the schema");
    /// The answer is longer than the time of one request allows.
    pub const ANSWER_TAKES_TOO_LONG: Self = Self::new(422, "answer_takes_too_long", "Answer takes too long");
    /// `If-Match` is missing.
    pub const PRECONDITION_REQUIRED: Self = Self::new(428, "precondition_required", "Precondition required");
    /// Too many requests.
    pub const RATE_LIMITED: Self = Self::new(429, "rate_limited", "Too many requests");
    /// The service failed.
    pub const INTERNAL_ERROR: Self = Self::new(500, "internal_error", "Internal error");
    /// A dependency does not answer.
    pub const UNAVAILABLE: Self = Self::new(503, "unavailable", "Service unavailable");
    /// Every model that may answer fails.
    pub const MODELS_UNAVAILABLE: Self = Self::new(503, "models_unavailable", "No model available");
    /// The request was not done in time.
    pub const DEADLINE_EXCEEDED: Self = Self::new(503, "deadline_exceeded", "Deadline exceeded");

    /// Every kind.
    pub const ALL: [Self; 31] = [
        Self::INVALID_REQUEST,
        Self::CONTEXT_LENGTH_EXCEEDED,
        Self::MODEL_REFUSED,
        Self::INVALID_CURSOR,
        Self::INVALID_TOKEN,
        Self::UNAUTHENTICATED,
        Self::INVALID_CREDENTIALS,
        Self::INVALID_REFRESH_TOKEN,
        Self::INVALID_SECOND_FACTOR,
        Self::BUDGET_EXCEEDED,
        Self::FORBIDDEN,
        Self::REAUTHENTICATION_REQUIRED,
        Self::NOT_FOUND,
        Self::MODEL_NOT_FOUND,
        Self::METHOD_NOT_ALLOWED,
        Self::CONFLICT,
        Self::EMAIL_TAKEN,
        Self::REQUEST_IN_PROGRESS,
        Self::GONE,
        Self::PRECONDITION_FAILED,
        Self::BODY_TOO_LARGE,
        Self::UNSUPPORTED_MEDIA_TYPE,
        Self::IDEMPOTENCY_KEY_REUSED,
        Self::ANSWER_DOES_NOT_MATCH_SCHEMA,
        Self::ANSWER_TAKES_TOO_LONG,
        Self::PRECONDITION_REQUIRED,
        Self::RATE_LIMITED,
        Self::INTERNAL_ERROR,
        Self::UNAVAILABLE,
        Self::MODELS_UNAVAILABLE,
        Self::DEADLINE_EXCEEDED,
    ];

    const fn new(status: u16, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title }
    }
}
