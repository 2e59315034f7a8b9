//! A batch: a file of requests to models that a job answers within a day. It waits for its file, has it checked and paid
//! for, is asked chunk by chunk, and ends with files of results. It never holds a line of the file, only numbers of
//! lines and their faults.

mod apply;
mod commands;
mod event;
mod failure;

use super::usage::{ModelUsage, TokenCounts, UnmeteredUsage};
use crate::Timestamp;
use crate::id::{AccountId, AiRequestId, ApiKeyId, BatchId};
use crate::lists::{List, ListIndex, Ranking};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use commands::{
    COMPLETION_WINDOW, CreateBatch, cancel_batch, claim_batch, create_batch, end_batch, expire_batch,
    fail_batch, file_failure, record_progress, requeue_batch, start_batch, submit_batch,
};
pub use event::{
    BatchCancelled, BatchClaimed, BatchCreated, BatchEnded, BatchEvent, BatchExpired, BatchFailed,
    BatchProgress, BatchProgressed, BatchRequeued, BatchStarted, BatchSubmitted,
};
pub use failure::{BatchFailure, BatchFailureReason};

/// The largest input file, in bytes.
pub const MOST_BYTES: u64 = 50_000_000;
/// The time within which a batch is run, in seconds: its completion window.
pub const WINDOW: i64 = 24 * 3600;

/// The input file, as its owner declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFile {
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256, base64.
    pub sha256: String,
}

/// The status of a batch, as OpenAI names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchStatus {
    /// Its file is missing or not checked yet.
    Validating,
    /// Its lines are being asked.
    InProgress,
    /// Its results are being put together.
    Finalizing,
    /// Every line has a result.
    Completed,
    /// It could not be run.
    Failed,
    /// Its time was over before every line had a result.
    Expired,
    /// It was cancelled, and its results so far are being put together.
    Cancelling,
    /// It was cancelled.
    Cancelled,
}

impl BatchStatus {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validating => "validating",
            Self::InProgress => "in_progress",
            Self::Finalizing => "finalizing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a batch that was started ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchEnd {
    /// Every line has a result.
    Completed,
    /// Its time was over.
    Expired,
    /// It was cancelled.
    Cancelled,
}

/// The money that is set aside for all lines of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReservation {
    /// The request to the AI gateway as which the batch is metered.
    pub request_id: AiRequestId,
    /// The most that the batch may cost, in nano-dollars.
    pub bound_nano_usd: u64,
    /// The shard of the organization's counters.
    pub shard: u32,
    /// When the money was set aside.
    pub at: Timestamp,
    /// When the sweeper may settle it.
    pub lease_until: Timestamp,
    /// The model of the first line, by its name in the registry; empty when no line can be asked.
    pub model: String,
    /// The provider of that model.
    pub provider: String,
    /// The version of the prices.
    pub price_version: String,
}

/// When the steps of a batch happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchTimes {
    /// When its lines began to be asked.
    pub in_progress: Option<Timestamp>,
    /// When its results began to be put together.
    pub finalizing: Option<Timestamp>,
    /// When a cancellation was asked for.
    pub cancelling: Option<Timestamp>,
    /// When it ended, in whatever way.
    pub ended: Option<Timestamp>,
}

/// The state of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Its identifier.
    pub id: BatchId,
    /// The file with its lines.
    pub input_file: BatchFile,
    /// Pairs of the caller.
    pub metadata: BTreeMap<String, String>,
    /// The account that created it; for an API key, the account that created the key.
    pub created_by: AccountId,
    /// The API key that created it.
    pub api_key: Option<ApiKeyId>,
    /// The status.
    pub status: BatchStatus,
    /// The end that it is going to have, once that is known.
    pub end: Option<BatchEnd>,
    /// The failure, if it failed.
    pub failure: Option<BatchFailure>,
    /// The number of lines, once the file was checked.
    pub lines: u32,
    /// The number of lines with a result.
    pub lines_done: u32,
    /// The length of these lines in the file, in bytes.
    pub bytes_done: u64,
    /// The number of lines with a completion.
    pub completed: u32,
    /// The number of lines with an error.
    pub failed: u32,
    /// The number of calls to providers.
    pub attempts: u32,
    /// The usage so far, each model once.
    pub usage: Vec<ModelUsage>,
    /// The money, once it is set aside.
    pub reservation: Option<BatchReservation>,
    /// The model for which a provider runs the batch; none when the calls are queued.
    pub provider_model: Option<String>,
    /// The provider's job, once it exists.
    pub provider_job: Option<String>,
    /// The time until which a run of the job has the next step.
    pub claimed_until: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its steps happened.
    pub times: BatchTimes,
}

impl Batch {
    /// The batches of an organization, newest first.
    pub const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };
    /// The batches with which the job has to go on, of all organizations.
    pub const OPEN: List = List { name: "open", index: ListIndex::Second, ranking: Ranking::Time };
    /// The batches of one account, newest first.
    pub const OF_OWNER_BY_TIME: List =
        List { name: "of_owner_by_time", index: ListIndex::Third, ranking: Ranking::Time };

    /// Whether the job has to go on with it.
    pub fn has_not_ended(&self) -> bool {
        use BatchStatus::{Cancelling, Finalizing, InProgress, Validating};
        matches!(self.status, Validating | InProgress | Finalizing | Cancelling)
    }

    /// When it expires.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.plus_seconds(WINDOW)
    }

    /// The number of lines without a result.
    pub fn lines_left(&self) -> u32 {
        self.lines.saturating_sub(self.lines_done)
    }

    /// The cost so far, in nano-dollars.
    pub fn cost_nano_usd(&self) -> u64 {
        self.usage.iter().fold(0, |sum, used| sum.saturating_add(used.cost_nano_usd))
    }

    /// The tokens so far.
    pub fn tokens(&self) -> TokenCounts {
        self.usage.iter().fold(TokenCounts::default(), |sum, used| sum.plus(used.tokens))
    }

    /// The part of tokens and cost without counts of a provider.
    pub fn unmetered(&self) -> UnmeteredUsage {
        self.usage.iter().fold(UnmeteredUsage::default(), |sum, used| sum.plus(used.unmetered))
    }
}

/// Adds usage to sums of which each model has one.
pub fn add_usage(sums: &mut Vec<ModelUsage>, usage: &[ModelUsage]) {
    for used in usage {
        match sums.iter_mut().find(|sum| sum.model == used.model) {
            Some(sum) => {
                sum.tokens = sum.tokens.plus(used.tokens);
                sum.cost_nano_usd = sum.cost_nano_usd.saturating_add(used.cost_nano_usd);
                sum.unmetered = sum.unmetered.plus(used.unmetered);
            }
            None => sums.push(used.clone()),
        }
    }
}
