//! Building blocks of tests: an environment with the real adapters on an embedded DynamoDB, repeatable keys and
//! randomness, a model that answers from a script, and given / when / then for aggregates.
//!
//! It may only be a dev-dependency. It may panic on anything unexpected; code that ships must return an error instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batch_files;
mod batch_jobs;
mod configuration;
mod database;
mod entropy;
mod environment;
mod given;
mod job_files;
mod remote_files;
mod roomy_limiter;
mod scripted_model;
mod secret_sealing;
mod tables;
mod tenant_keys;
mod training;
mod wire;

pub use batch_files::{FileRead, MostHeld, TestBatchFiles};
pub use batch_jobs::{BatchFault, TestBatchJobs};
pub use configuration::{TestConfiguration, list_shards, unknown_list_shards};
pub use entropy::TestEntropy;
pub use environment::TestEnvironment;
pub use given::{Decision, Given, Outcome, given, given_nothing};
pub use job_files::TestJobFiles;
pub use remote_files::TestRemoteFiles;
pub use roomy_limiter::RoomyLimiter;
pub use scripted_model::ScriptedModel;
pub use secret_sealing::TestSecretSealing;
pub use tenant_keys::TestTenantKeys;
pub use training::{TestTraining, TrainingFault};
pub use wire::{Call, Fault, Wire};
