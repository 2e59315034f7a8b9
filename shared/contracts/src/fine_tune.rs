//! Bodies of fine-tunes. The request that brings a file is in one answer only, and never in `Debug`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// `POST /v1/ai/fine-tunes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateFineTuneRequest {
    /// What it is called, 1 to 100 characters.
    pub name: String,
    /// The model that learns.
    pub base_model: String,
    /// How it learns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hyper_parameters: Option<HyperParametersInput>,
    /// What it learns from.
    pub training_file: TrainingFile,
}

/// How a model shall learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HyperParametersInput {
    /// How often the file is gone through; 2 when absent.
    pub epoch_count: Option<u32>,
    /// How fast the model changes; 0.00001 when absent.
    pub learning_rate: Option<f64>,
    /// Over how many steps that rate is reached; 10 when absent.
    pub warmup_steps: Option<u32>,
}

/// How a model learns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HyperParameters {
    /// How often the file is gone through.
    pub epoch_count: u32,
    /// How fast the model changes.
    pub learning_rate: f64,
    /// Over how many steps that rate is reached.
    pub warmup_steps: u32,
}

/// The file to learn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingFile {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, base64.
    pub sha256: String,
}

/// A fine-tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTune {
    /// Id (`finetune_…`).
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The model that learns.
    pub base_model: String,
    /// How it learns.
    pub hyper_parameters: HyperParameters,
    /// What it learns from.
    pub training_file: TrainingFile,
    /// Examples in the file; null until it was checked.
    pub records: Option<u32>,
    /// `awaiting_file`, `submitting`, `training`, `completed`, `failed` or `canceled`.
    pub status: String,
    /// What the provider calls the new model; null until there is one.
    pub custom_model: Option<String>,
    /// Why there is none; null unless it failed.
    pub failure: Option<Failure>,
    /// Id of the account that created it.
    pub created_by: String,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
    /// When its status changed last, RFC 3339 in UTC.
    pub changed_at: String,
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `file_missing`, `file_differs`, `invalid_lines`, `too_few_records`, `too_many_records` or `provider`.
    pub reason: String,
    /// The first wrong lines.
    pub lines: Vec<LineFault>,
    /// What is known of the provider's failure, such as its code; null unless it is its failure.
    pub message: Option<String>,
}

/// A wrong line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFault {
    /// Its number, from 1.
    pub line: u32,
    /// What is wrong.
    pub reason: String,
}

/// The answer to `POST /v1/ai/fine-tunes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedFineTune {
    /// The fine-tune.
    pub fine_tune: FineTune,
    /// The request that brings its file.
    pub upload: Upload,
}

/// A request that brings a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// `PUT`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// What it has to carry.
    pub headers: BTreeMap<String, String>,
    /// When it ends, RFC 3339 in UTC.
    pub expires_at: String,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
