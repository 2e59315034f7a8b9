//! Bedrock's model customization: jobs that train a model with a file on S3. Only its job links this; functions that ask
//! models speak to another service.
//!
//! It must never start a second job for a fine-tune: a job has the fine-tune's name, and the request its token.

mod failure;
mod trainer;

pub use trainer::{BedrockTrainer, TrainingPlace};
