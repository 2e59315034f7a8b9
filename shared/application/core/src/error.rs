//! The failures of use cases. `edge` maps each variant to one answer, once.

use crate::RefusedAccess;
use domain::InvalidFields;
use domain::authority::{Denied, SignInNotRecent};
use domain::identity::TokenUnusable;
use ports::{
    BudgetScope, CommitError, EntropyError, FileError, KeyError, LimitDecision, MailError, PasswordError,
    ProviderJobError, StoreError, TokenError, UniqueKind,
};
use std::time::Duration;

/// An idempotency key can't be used for this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyConflict {
    /// The key was used for another request.
    OtherRequest,
    /// The same request is still running.
    InFlight,
}

/// The reason why a use case gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// It does not exist, or the caller may not know that it exists.
    #[error("not found")]
    NotFound,
    /// It exists and belongs to another owner. The caller is answered as for [`Self::NotFound`], and the refusal must be
    /// recorded.
    #[error("not found")]
    Refused(Box<RefusedAccess>),
    /// An earlier request with the same idempotency key made it, and it was deleted since then.
    #[error("the object that an earlier request created was deleted")]
    Gone,
    /// The role or the scopes do not have the permission.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The operation needs a sign-in of the last minutes.
    #[error(transparent)]
    SignInNotRecent(#[from] SignInNotRecent),
    /// The credentials or the refresh token are wrong. The answer never says which part.
    #[error("the credentials are wrong")]
    Unauthenticated,
    /// A token that was sent by e-mail is unknown, used, expired, or for something else.
    #[error("the token can't be used")]
    TokenUnusable(#[from] TokenUnusable),
    /// The client's precondition does not hold for the current version of the entity.
    #[error("the precondition does not hold")]
    PreconditionFailed,
    /// Other requests changed the aggregate at each attempt, or it exists already.
    #[error("others changed it at the same time")]
    Conflict,
    /// Another aggregate has the value.
    #[error("the value is taken")]
    Taken(UniqueKind),
    /// The change would leave the organization without an active admin.
    #[error("the last active admin stays")]
    LastAdmin,
    /// The organization has the most usable API keys that are allowed.
    #[error("the organization has too many API keys")]
    TooManyApiKeys,
    /// The idempotency key can't be used.
    #[error("the idempotency key can't be used for this request")]
    Idempotency(IdempotencyConflict),
    /// Too many requests.
    #[error("too many requests")]
    Limited(LimitDecision),
    /// No model of the chain answered, and the feature has no rules to fall back to.
    #[error("no model answered")]
    NoModel,
    /// A budget has too little left for the request.
    #[error("the budget {} has not enough left", .0.as_str())]
    OverBudget(BudgetScope),
    /// The model is not in the registry, or the tenant may not ask it.
    #[error("there is no such model")]
    UnknownModel,
    /// The prompt is longer than the model's context.
    #[error("the prompt is too long for the model")]
    ContextLength,
    /// The provider refuses the request.
    #[error("the provider refuses the request")]
    ModelRefused,
    /// Every model that may answer fails, or is left alone because it failed.
    #[error("no model answers at the moment")]
    ModelsUnavailable {
        /// The time after which to ask again.
        retry_after: Option<Duration>,
    },
    /// Every model that was asked gave a completion that does not match the schema. The prompt causes it: another try
    /// costs as much and gives no better result.
    #[error("no model gave an answer that can be used")]
    AnswerUnusable,
    /// No model could answer in the time of the request, which was shorter than a healthy model needs for a prompt and
    /// a completion of this length.
    #[error("the answer takes longer than the request may")]
    AnswerTooSlow,
    /// The time of the request was over.
    #[error("there was no time left")]
    DeadlineExceeded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key service failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Files of the organization can't be reached.
    #[error(transparent)]
    File(#[from] FileError),
    /// A provider did not carry a call about one of its jobs out.
    #[error(transparent)]
    ProviderJob(#[from] ProviderJobError),
    /// A token can't be signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A mail was not sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A password can't be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Error {
    /// The same failure for each of several requests that share it; `None` when it has a cause or fields of its own.
    pub fn again(&self) -> Option<Self> {
        Some(match self {
            Self::NotFound => Self::NotFound,
            Self::Refused(refused) => Self::Refused(refused.clone()),
            Self::Gone => Self::Gone,
            Self::SignInNotRecent(_) => Self::SignInNotRecent(SignInNotRecent),
            Self::Unauthenticated => Self::Unauthenticated,
            Self::TokenUnusable(reason) => Self::TokenUnusable(*reason),
            Self::PreconditionFailed => Self::PreconditionFailed,
            Self::Conflict => Self::Conflict,
            Self::Taken(kind) => Self::Taken(*kind),
            Self::LastAdmin => Self::LastAdmin,
            Self::TooManyApiKeys => Self::TooManyApiKeys,
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
            | Self::ProviderJob(_)
            | Self::Token(_)
            | Self::Mail(_)
            | Self::Password(_)
            | Self::Entropy(_) => return None,
        })
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::NotUnique(kind) => Self::Taken(kind),
            CommitError::Repeated(record) if record.outcome.is_none() => {
                Self::Idempotency(IdempotencyConflict::InFlight)
            }
            CommitError::Repeated(_) => Self::Idempotency(IdempotencyConflict::OtherRequest),
            CommitError::Store(error) => Self::Store(error),
        }
    }
}
