//! The reasons why a batch failed before any of its requests was asked.

use crate::ai::batch_file::BatchLineFault;
use serde::{Deserialize, Serialize};

/// The reason of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFailureReason {
    /// The uploaded file is not the declared one.
    FileDiffers,
    /// Lines of the file are wrong.
    InvalidLines,
    /// The file has too many lines.
    TooManyLines,
    /// A budget has too little left for all lines.
    BudgetExceeded,
}

impl BatchFailureReason {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileDiffers => "file_differs",
            Self::InvalidLines => "invalid_lines",
            Self::TooManyLines => "too_many_lines",
            Self::BudgetExceeded => "budget_exceeded",
        }
    }
}

/// A failure and its details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFailure {
    /// The reason.
    pub reason: BatchFailureReason,
    /// The first wrong lines, if lines are wrong.
    pub lines: Vec<BatchLineFault>,
    /// The budget without room, if there is one: `tenant_month`, `tenant_day`, `user_day` or `feature_month`.
    pub budget: Option<String>,
}

impl BatchFailure {
    /// A failure without details.
    pub fn of(reason: BatchFailureReason) -> Self {
        Self { reason, lines: Vec::new(), budget: None }
    }

    /// The failure of a budget with this name.
    pub fn of_budget(budget: &str) -> Self {
        Self { budget: Some(budget.to_owned()), ..Self::of(BatchFailureReason::BudgetExceeded) }
    }
}
