//! Why a use case gave no result. The edge maps each variant to one answer, once.

use domain::Invalid;
use domain::authority::Denied;
use ports::{
    BudgetScope, CommitError, EntropyError, FileError, KeyError, LimitDecision, PasswordError, StoreError,
    TokenError, TrainerError, UniqueKind,
};
use std::time::Duration;

/// An idempotency key can't be used for this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyConflict {
    /// It was used for another request.
    OtherRequest,
    /// The same request is still being served.
    InFlight,
}

/// Why a use case gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It does not exist, or the caller may not know that it does.
    #[error("not found")]
    NotFound,
    /// An earlier request with the same idempotency key made it, and it was deleted since.
    #[error("what an earlier request made was deleted since")]
    Gone,
    /// The role does not have the permission.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Credentials or refresh token are wrong. Never says which part.
    #[error("the credentials are wrong")]
    Unauthenticated,
    /// The caller's copy is not the current version.
    #[error("the version has changed")]
    VersionMismatch,
    /// Others changed it each time we tried.
    #[error("too many concurrent changes")]
    Contended,
    /// The value belongs to somebody else.
    #[error("the value is taken")]
    Taken(UniqueKind),
    /// The idempotency key can't be used.
    #[error("the idempotency key can't be used for this request")]
    Idempotency(IdempotencyConflict),
    /// Too many requests.
    #[error("too many requests")]
    Limited(LimitDecision),
    /// No model of the chain answered, and the feature has no rules to fall back to.
    #[error("no model answered")]
    NoModel,
    /// A budget has not enough left for the request.
    #[error("the budget {} has not enough left", .0.as_str())]
    OverBudget(BudgetScope),
    /// The model is not in the registry, or not for this tenant.
    #[error("there is no such model")]
    UnknownModel,
    /// The question is longer than the model's context.
    #[error("the question is too long for the model")]
    ContextLength,
    /// The provider refuses the request as it is.
    #[error("the provider refuses the request")]
    ModelRefused,
    /// Every model that may answer fails, or is left alone because it failed.
    #[error("no model answers at the moment")]
    ModelsUnavailable {
        /// When to ask again.
        retry_after: Option<Duration>,
    },
    /// Every model that was asked gave an answer that does not match the schema. The question decides that: asking again
    /// costs as much and gives no more.
    #[error("no model gave an answer that can be used")]
    AnswerUnusable,
    /// No model could answer in the time of the request, which was shorter than a healthy model needs for a question and an
    /// answer of this length.
    #[error("the answer takes longer than the request may")]
    AnswerTooSlow,
    /// There was no time left for it.
    #[error("there was no time left")]
    DeadlineExceeded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key service failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Training files can't be reached.
    #[error(transparent)]
    File(#[from] FileError),
    /// The provider that trains models does not do what it was asked to.
    #[error(transparent)]
    Trainer(#[from] TrainerError),
    /// A token can't be signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A password can't be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Error {
    /// The same failure once more, for each of several that share it; `None` where it has a cause or fields of its own.
    pub fn again(&self) -> Option<Self> {
        Some(match self {
            Self::NotFound => Self::NotFound,
            Self::Gone => Self::Gone,
            Self::Unauthenticated => Self::Unauthenticated,
            Self::VersionMismatch => Self::VersionMismatch,
            Self::Contended => Self::Contended,
            Self::Taken(kind) => Self::Taken(*kind),
            Self::Idempotency(conflict) => Self::Idempotency(*conflict),
            Self::Limited(decision) => Self::Limited(*decision),
            Self::NoModel => Self::NoModel,
            Self::OverBudget(scope) => Self::OverBudget(*scope),
            Self::UnknownModel => Self::UnknownModel,
            Self::ContextLength => Self::ContextLength,
            Self::ModelRefused => Self::ModelRefused,
            Self::ModelsUnavailable { retry_after } => Self::ModelsUnavailable { retry_after: *retry_after },
            Self::AnswerUnusable => Self::AnswerUnusable,
            Self::AnswerTooSlow => Self::AnswerTooSlow,
            Self::DeadlineExceeded => Self::DeadlineExceeded,
            Self::Invalid(_)
            | Self::Denied(_)
            | Self::Store(_)
            | Self::Key(_)
            | Self::File(_)
            | Self::Trainer(_)
            | Self::Token(_)
            | Self::Password(_)
            | Self::Entropy(_) => return None,
        })
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::VersionMismatch,
            CommitError::NotUnique(kind) => Self::Taken(kind),
            CommitError::Repeated(record) if record.outcome.is_none() => {
                Self::Idempotency(IdempotencyConflict::InFlight)
            }
            CommitError::Repeated(_) => Self::Idempotency(IdempotencyConflict::OtherRequest),
            CommitError::Store(error) => Self::Store(error),
        }
    }
}
