//! Bodies of fine-tunes. The request that uploads a file is in one answer only, and never in `Debug`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// `POST /v1/ai/fine-tunes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateFineTuneRequest {
    /// The name of the fine-tune, 1 to 100 characters.
    pub name: String,
    /// The model to train.
    pub base_model: String,
    /// The parameters of the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hyper_parameters: Option<HyperParametersInput>,
    /// The file to train with.
    pub training_file: TrainingFile,
}

/// Parameters of the training, as a caller sends them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HyperParametersInput {
    /// The number of passes over the file; 2 when absent.
    pub epoch_count: Option<u32>,
    /// The learning rate; 0.00001 when absent.
    pub learning_rate: Option<f64>,
    /// The number of steps until the learning rate is reached; 10 when absent.
    pub warmup_steps: Option<u32>,
}

/// Parameters of the training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HyperParameters {
    /// The number of passes over the file.
    pub epoch_count: u32,
    /// The learning rate.
    pub learning_rate: f64,
    /// The number of steps until the learning rate is reached.
    pub warmup_steps: u32,
}

/// The file to train with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingFile {
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256, base64.
    pub sha256: String,
}

/// A fine-tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTune {
    /// Id (`finetune_…`).
    pub id: String,
    /// The name of the fine-tune.
    pub name: String,
    /// The model to train.
    pub base_model: String,
    /// The parameters of the training.
    pub hyper_parameters: HyperParameters,
    /// The file to train with.
    pub training_file: TrainingFile,
    /// The number of examples in the file; null until the file was checked.
    pub records: Option<u32>,
    /// `awaiting_file`, `submitting`, `training`, `deploying`, `completed`, `failed` or `canceled`.
    pub status: String,
    /// The provider's name for the new model; null until the model exists.
    pub custom_model: Option<String>,
    /// Why there is no model; null unless the fine-tune failed.
    pub failure: Option<Failure>,
    /// Id of the account that created it.
    pub created_by: String,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
    /// When its status last changed, RFC 3339 in UTC.
    pub changed_at: String,
    /// The name by which requests ask the model; null while it can't be asked.
    pub model: Option<String>,
}

/// The reason why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `file_missing`, `file_differs`, `invalid_lines`, `too_few_records`, `too_many_records`, `provider` or
    /// `budget_exceeded`.
    pub reason: String,
    /// The first wrong lines.
    pub lines: Vec<LineFault>,
    /// The provider's code or a similar short text, or the budget that has no room; null for other reasons.
    pub message: Option<String>,
}

/// A wrong line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFault {
    /// The number of the line, from 1.
    pub line: u32,
    /// The rule that the line breaks.
    pub reason: String,
}

/// The answer to `POST /v1/ai/fine-tunes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedFineTune {
    /// The fine-tune.
    pub fine_tune: FineTune,
    /// The request that uploads the file; absent if a repeated request finds that the fine-tune waits for no file any
    /// more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
}

/// A signed request that uploads a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// `PUT`.
    pub method: String,
    /// The address to send the file to.
    pub url: String,
    /// The headers that the request must have.
    pub headers: BTreeMap<String, String>,
    /// When the signature expires, RFC 3339 in UTC.
    pub expires_at: String,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
