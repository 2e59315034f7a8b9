//! Bedrock's jobs: those that train a model with a file on S3 (model customization), with the deployments of trained
//! models, and those that answer a file of prompts (batch inference). Only the functions that advance such jobs link this
//! crate; functions that ask models call another service.
//!
//! It must never start a second job or deployment for a fine-tune, or a second job for a batch: each has its name, and so
//! have the request tokens.

mod batch_inference;
mod deployments;
mod failure;
mod trainer;

use adapter_aws::CallLimits;
use std::time::Duration;

pub use batch_inference::{BatchPlace, BedrockBatchInference};
pub use trainer::{BedrockTrainer, TrainingPlace};

/// The service checks the location of the file before it answers.
const LIMITS: CallLimits =
    CallLimits { attempt: Duration::from_secs(10), operation: Duration::from_secs(25), attempts: 3 };
