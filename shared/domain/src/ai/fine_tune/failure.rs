//! The reason why a fine-tune has no model, with the details that its owner sees.

use crate::ai::training_file::LineFault;
use serde::{Deserialize, Serialize};

const LONGEST_MESSAGE: usize = 500;

/// The reason why there is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// No file was uploaded in time.
    FileMissing,
    /// The uploaded file is not the declared one.
    FileDiffers,
    /// Lines of the file are wrong.
    InvalidLines,
    /// The file has too few examples.
    TooFewRecords,
    /// The file has too many examples.
    TooManyRecords,
    /// The provider refused to train or to deploy, or failed.
    Provider,
    /// A budget had no room for the training.
    BudgetExceeded,
}

impl FailureReason {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileMissing => "file_missing",
            Self::FileDiffers => "file_differs",
            Self::InvalidLines => "invalid_lines",
            Self::TooFewRecords => "too_few_records",
            Self::TooManyRecords => "too_many_records",
            Self::Provider => "provider",
            Self::BudgetExceeded => "budget_exceeded",
        }
    }
}

/// A failure and its details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The reason.
    pub reason: FailureReason,
    /// The first wrong lines, if lines are wrong.
    pub lines: Vec<LineFault>,
    /// Of a provider's failure, its code or a fixed text, never the provider's own message; of an exceeded budget, the
    /// budget.
    pub message: Option<String>,
}

impl Failure {
    /// A failure without details.
    pub fn of(reason: FailureReason) -> Self {
        Self { reason, lines: Vec::new(), message: None }
    }

    /// A failure for want of money, by the name of the budget without room.
    pub fn of_budget(budget: &str) -> Self {
        let (lines, message) = (Vec::new(), Some(budget.to_owned()));
        Self { reason: FailureReason::BudgetExceeded, lines, message }
    }

    /// A failure of the provider, by its code or a fixed text: one line of at most 500 characters.
    pub fn of_provider(message: &str) -> Self {
        let plain = message.chars().map(|c| if c.is_control() { ' ' } else { c });
        let message: String = plain.take(LONGEST_MESSAGE).collect();
        Self { reason: FailureReason::Provider, lines: Vec::new(), message: Some(message) }
    }
}
