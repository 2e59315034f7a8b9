//! Bedrock's model customization: jobs that train a model with a file on S3. Only the function `advance-fine-tunes`
//! links this crate; functions that ask models call another service.
//!
//! It must never start a second job for a fine-tune: the job has the fine-tune's name, and so has the request token.

mod failure;
mod trainer;

pub use trainer::{BedrockTrainer, TrainingPlace};
