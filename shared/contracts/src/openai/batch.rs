//! Batches: files of requests that are answered within a day (platform.openai.com/docs/api-reference/batch). The request
//! that uploads a file is in one answer only, and neither it nor an address of results is in `Debug`.

use crate::fine_tune::Upload;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Body of `POST /v1/batches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBatchRequest {
    /// The route to which the lines are requests: `/v1/chat/completions`.
    pub endpoint: String,
    /// The time within which the batch is run: `24h`.
    pub completion_window: String,
    /// The file with the requests.
    pub input_file: BatchInputFile,
    /// Refused: files have no identifiers of their own here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_file_id: Option<String>,
    /// Pairs that are answered as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// The file with the requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchInputFile {
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256, base64.
    pub sha256: String,
}

/// A batch.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Id (`batch_…`).
    pub id: String,
    /// Always `batch`.
    pub object: String,
    /// The route to which the lines are requests.
    pub endpoint: String,
    /// Why the batch failed; null unless it did.
    pub errors: Option<BatchErrors>,
    /// A name of the file with the requests.
    pub input_file_id: String,
    /// The time within which the batch is run.
    pub completion_window: String,
    /// `validating`, `in_progress`, `finalizing`, `completed`, `failed`, `expired`, `cancelling` or `cancelled`.
    pub status: String,
    /// A name of the file with the completions; null while there is none.
    pub output_file_id: Option<String>,
    /// A name of the file with the errors; null while there is none.
    pub error_file_id: Option<String>,
    /// When it was created, Unix seconds.
    pub created_at: i64,
    /// When its lines began to be asked, Unix seconds.
    pub in_progress_at: Option<i64>,
    /// When it expires, Unix seconds.
    pub expires_at: i64,
    /// When its results began to be put together, Unix seconds.
    pub finalizing_at: Option<i64>,
    /// When it was completed, Unix seconds.
    pub completed_at: Option<i64>,
    /// When it failed, Unix seconds.
    pub failed_at: Option<i64>,
    /// When it expired, Unix seconds.
    pub expired_at: Option<i64>,
    /// When it was asked to be cancelled, Unix seconds.
    pub cancelling_at: Option<i64>,
    /// When it was cancelled, Unix seconds.
    pub cancelled_at: Option<i64>,
    /// The numbers of lines.
    pub request_counts: BatchRequestCounts,
    /// The pairs of the caller; null when there are none.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The request that uploads the file; only in the answer that created the batch, while it waits for the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
    /// The address of the file with the completions; only when one batch is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_url: Option<String>,
    /// The address of the file with the errors; only when one batch is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_url: Option<String>,
    /// When the addresses expire, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urls_expire_at: Option<i64>,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// The numbers of lines of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRequestCounts {
    /// All lines; 0 until the file was checked.
    pub total: u32,
    /// Lines with a completion.
    pub completed: u32,
    /// Lines with an error.
    pub failed: u32,
}

/// The reasons why a batch failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchErrors {
    /// Always `list`.
    pub object: String,
    /// The reasons.
    pub data: Vec<BatchError>,
}

/// A reason why a batch failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchError {
    /// A code for programs, such as `budget_exceeded` or `not_json`.
    pub code: String,
    /// A text for people.
    pub message: String,
    /// The wrong member of a line; null when no member is wrong.
    pub param: Option<String>,
    /// The number of the wrong line, from 1; null when no line is wrong.
    pub line: Option<u32>,
}

/// Answer 200 to `GET /v1/batches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchList {
    /// Always `list`.
    pub object: String,
    /// The batches, newest first.
    pub data: Vec<Batch>,
    /// The id of the first batch; null when there is none.
    pub first_id: Option<String>,
    /// The id of the last batch, which is `after` of the next page; null when there is none.
    pub last_id: Option<String>,
    /// Whether there are older ones.
    pub has_more: bool,
}
