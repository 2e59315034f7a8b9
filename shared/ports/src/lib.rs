//! The ports of use cases: traits for everything outside. They are object-safe and have boxed futures, so that a use
//! case is compiled once for all adapters. No port may take a tenant as text: tenants come from a caller's authority or
//! a stored record.

mod ai_state;
mod ai_usage;
mod audit_checkpoints;
mod audit_log;
mod batch_inference;
mod batches;
mod configuration;
mod configured_limiter;
mod entropy;
mod fine_tuning;
mod jobs;
mod key_uses;
mod limiter;
mod list;
mod mailer;
mod message_visibility;
mod model_gateway;
mod password;
mod provider_jobs;
mod publisher;
mod relay;
mod remote_files;
mod secret_sealing;
mod store;
mod tenant_keys;
mod timer;
mod tokens;

use std::future::Future;
use std::pin::Pin;

pub use ai_state::{
    AiState, AnswerToCache, Breaker, BudgetScope, CacheKey, CachedCompletion, CallObservation, ModelName,
    RequestLookup, RequestMoney, RequestState, Reservation, ReserveError, Settlement, SpentAmounts,
    SpentByScope,
};
pub use ai_usage::{
    AiUsage, AiUsageSum, AiVariantSum, MeteredRequest, UsageByAsker, UsageLine, UsageVariant,
};
pub use audit_checkpoints::{
    AuditCheckpoints, CHECKPOINT_SHARDS, CheckpointFiles, CheckpointSigner, LogState, StoredCheckpoint,
};
pub use audit_log::{AuditEntry, AuditFilter, AuditLog, AuditQuery, AuditReader, StoredAuditEntry};
pub use batch_inference::{BatchInference, BatchJob, BatchJobState, BatchRecords};
pub use batches::{BatchFileKey, BatchFiles, BatchLinks, FileParts};
pub use configuration::{Configuration, FixedConfiguration};
pub use configured_limiter::ConfiguredLimiter;
pub use entropy::{Entropy, EntropyError};
pub use fine_tuning::{
    DeploymentState, FileError, FileKey, JobState, ModelDeployment, Trainer, TrainingFiles, TrainingJob,
    TrainingUploads, Upload,
};
pub use jobs::{JobFileKey, JobFiles, JobLinks};
pub use key_uses::{KEY_USE_SECONDS, KeyUses};
pub use limiter::{LimitDecision, Limiter, RateLimit};
pub use list::{Condition, ListQuery, ListScope, ListedEntry, ListedState, Page, Position, RankBound};
pub use mailer::{Mail, MailCategory, MailError, MailSuppressions, Mailer, SuppressionReason};
pub use message_visibility::{MessageVisibility, RetriedMessage};
pub use model_gateway::{
    ContentBlock, Delta, Document, DocumentFormat, EmbeddingCall, EmbeddingFailure, EmbeddingGateway,
    Embeddings, FailureCause, Guardrail, Image, ImageFormat, InputType, MappedNames, Message, ModelAnswer,
    ModelCall, ModelError, ModelGateway, ModelStream, NameRule, NoGuardrail, Reasoning, ReasoningContent,
    ReasoningEffort, Role, StopReason, StreamingModelGateway, Tool, ToolCall, ToolChoice, ToolNameRules,
    ToolNames, ToolResult, ToolSet, Usage, is_any_object,
};
pub use password::{PasswordError, PasswordHasher};
pub use provider_jobs::{JobName, ProviderJobError};
pub use publisher::{PublishOutcome, Publisher};
pub use relay::{Attempts, ParkingLot, StreamRecord};
pub use remote_files::{RemoteFile, RemoteFileError, RemoteFileLimits, RemoteFiles};
pub use secret_sealing::SecretSealing;
pub use store::{
    AggregateKey, Change, ChangedState, Claim, CommitError, EventRecord, IdempotencyKey, IdempotencyRecord,
    LoadedToChange, Store, StoreError, StoredState, SubjectKeys, Transaction, Unique, UniqueKind,
};
pub use tenant_keys::{DataKey, KeyError, TenantKeys, WrappedKey};
pub use timer::Timer;
pub use tokens::{Claims, Jwk, TokenError, TokenSigner, TokenVerifier};

/// A boxed future: the result of every port and handler.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Any failure of an adapter, kept as the source of a typed error.
pub type Source = Box<dyn std::error::Error + Send + Sync>;
