//! Turns each failure into a problem, by one explicit conversion each. There is no conversion for errors in general,
//! because it would make a 500 of every error without a decision.

use super::{Kind, Problem};
use application_core::{Error, IdempotencyConflict};
use contracts::problem::FieldProblem;
use domain::authority::Denied;
use domain::{DecodeError, InvalidFields};
use ports::{EntropyError, KeyError, LimitDecision, PasswordError, StoreError, TokenError, UniqueKind};
use std::sync::Arc;
use std::time::Duration;

impl From<InvalidFields> for Problem {
    /// Fields of the body: `contact.email` becomes `/contact/email`.
    fn from(invalid: InvalidFields) -> Self {
        Self::fields(
            invalid
                .0
                .into_iter()
                .map(|error| FieldProblem {
                    field: format!("/{}", error.field.replace('.', "/")),
                    code: error.code.to_owned(),
                    message: error.message,
                })
                .collect(),
        )
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::forbidden().with_source(denied)
    }
}

impl From<LimitDecision> for Problem {
    fn from(decision: LimitDecision) -> Self {
        Self::rate_limited(decision)
    }
}

impl From<IdempotencyConflict> for Problem {
    fn from(conflict: IdempotencyConflict) -> Self {
        match conflict {
            IdempotencyConflict::OtherRequest => Self::new(Kind::IDEMPOTENCY_KEY_REUSED),
            IdempotencyConflict::InFlight => {
                Self::new(Kind::REQUEST_IN_PROGRESS).with_retry_after(Duration::from_secs(1))
            }
        }
    }
}

impl From<UniqueKind> for Problem {
    fn from(kind: UniqueKind) -> Self {
        match kind {
            UniqueKind::Email => Self::new(Kind::EMAIL_TAKEN),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Key(KeyError::Unavailable(_)) => {
                Self::unavailable(error)
            }
            // Newer code wrote it and was rolled back or is being rolled out; the state can be read when that code
            // runs.
            StoreError::UnknownSchema { .. } => Self::unavailable(error),
            StoreError::Refused(_)
            | StoreError::Malformed(_)
            | StoreError::IncompleteHistory { .. }
            | StoreError::TooLarge
            | StoreError::Decode(_)
            | StoreError::Key(KeyError::Invalid(_)) => Self::internal(error),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unavailable(_) => Self::unavailable(error),
            KeyError::Invalid(_) => Self::internal(error),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid(_) => Self::unauthenticated().with_source(error),
            TokenError::Unavailable(_) => Self::unavailable(error),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::internal(error)
    }
}

impl From<EntropyError> for Problem {
    fn from(error: EntropyError) -> Self {
        Self::internal(error)
    }
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        Self::internal(error)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(error) => error.into(),
            Error::NotFound => Self::not_found(),
            Error::Refused(refused) => Self::refused(refused),
            Error::Gone => Self::new(Kind::GONE).with_detail(
                "This request was carried out before, and what it made has been deleted since. \
                 Send another idempotency key to make it anew.",
            ),
            Error::Denied(error) => error.into(),
            Error::SignInNotRecent(_) => Self::new(Kind::REAUTHENTICATION_REQUIRED).with_detail(
                "This request needs a sign-in of the last 10 minutes. Sign in again with POST /v1/auth/login and repeat \
                 it with the new access token; refreshing the session is not enough.",
            ),
            Error::Unauthenticated => Self::unauthenticated(),
            Error::TokenUnusable(reason) => Self::new(Kind::INVALID_TOKEN)
                .with_detail(
                    "The token is unknown, was used before, has expired, or was sent for something else. \
                     Ask for another mail and use the link in the newest one.",
                )
                .with_source(reason),
            Error::PreconditionFailed => Self::new(Kind::PRECONDITION_FAILED),
            Error::Conflict => {
                Self::new(Kind::CONFLICT).with_retry_after(Duration::from_secs(1)).with_source(error)
            }
            Error::Taken(kind) => kind.into(),
            Error::LastAdmin => Self::new(Kind::CONFLICT).with_detail(
                "This member is the last active admin of your organization. Make another member an admin first.",
            ),
            Error::TooManyApiKeys => Self::new(Kind::CONFLICT).with_detail(
                "Your organization has 100 API keys that are neither revoked nor expired, and may not have more. \
                 Revoke one that is not needed any more.",
            ),
            Error::Idempotency(conflict) => conflict.into(),
            Error::Limited(decision) => decision.into(),
            Error::NoModel => Self::unavailable(error),
            Error::OverBudget(scope) => Self::new(Kind::BUDGET_EXCEEDED)
                .with_detail(format!("This request exceeds the budget {}. GET /v1/ai/budgets shows what is left.", scope.as_str())),
            Error::UnknownModel => Self::new(Kind::MODEL_NOT_FOUND),
            Error::ContextLength => Self::new(Kind::CONTEXT_LENGTH_EXCEEDED),
            Error::ModelRefused => Self::new(Kind::MODEL_REFUSED),
            Error::ModelsUnavailable { retry_after } => Self::new(Kind::MODELS_UNAVAILABLE)
                .with_retry_after(retry_after.unwrap_or(Duration::from_secs(1)).max(Duration::from_secs(1))),
            Error::AnswerUnusable => Self::new(Kind::ANSWER_DOES_NOT_MATCH_SCHEMA).with_detail(
                "Every model that was asked answered in a form that does not match the schema, also when it was told \
                 what is wrong. Change the schema or the prompt.",
            ),
            Error::AnswerTooSlow => Self::new(Kind::ANSWER_TAKES_TOO_LONG).with_detail(
                "No model can be sure to finish an answer of this length in the time of one request. Ask for fewer \
                 tokens, send less text, or stream the answer.",
            ),
            Error::DeadlineExceeded => Self::deadline_exceeded(),
            Error::Store(error) => error.into(),
            Error::Key(error) => error.into(),
            // Failing to sign a token is a failure of the service; the authorizer verifies tokens of callers.
            Error::Token(error @ TokenError::Invalid(_)) => Self::internal(error),
            Error::Token(error) => error.into(),
            Error::File(_) | Error::ProviderJob(_) | Error::Mail(_) => Self::unavailable(error),
            Error::Password(error) => error.into(),
            Error::Entropy(error) => error.into(),
        }
    }
}

impl From<Arc<Error>> for Problem {
    /// A failure that several requests share; each of them gets the problem.
    fn from(error: Arc<Error>) -> Self {
        match Arc::try_unwrap(error) {
            Ok(error) => error.into(),
            Err(shared) => match (shared.again(), &*shared) {
                (Some(error), _) => error.into(),
                (
                    None,
                    Error::Store(StoreError::Unavailable(_) | StoreError::Key(KeyError::Unavailable(_))),
                )
                | (None, Error::Key(KeyError::Unavailable(_))) => Self::unavailable(shared),
                (None, _) => Self::internal(shared),
            },
        }
    }
}
