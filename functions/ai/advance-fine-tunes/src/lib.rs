//! Every two minutes: takes open fine-tunes a step further, from the check of their files to models that can be asked.

use application_ai::Registry;
use application_ai::fine_tunes::{Tools, advance_fine_tunes};
use application_core::Context;
use domain::Timestamp;
use edge::JobError;
use edge::schedule::ScheduleHandler;
use ports::{AiState, BoxFuture, Store, Trainer, TrainingFiles};
use std::sync::Arc;

/// The handler and its ports.
pub struct AdvanceFineTunes {
    /// Finds, loads and commits fine-tunes.
    pub store: Arc<dyn Store>,
    /// Reads training files.
    pub files: Arc<dyn TrainingFiles>,
    /// The provider of training.
    pub trainer: Arc<dyn Trainer>,
    /// Sets the money for training aside.
    pub ai: Arc<dyn AiState>,
    /// The models and the prices of their training.
    pub registry: Registry,
}

impl ScheduleHandler for AdvanceFineTunes {
    /// The due time does not matter: a fine-tune goes on when its file or its job is ready.
    fn handle<'a>(&'a self, _: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let tools = Tools {
                store: self.store.as_ref(),
                files: self.files.as_ref(),
                trainer: self.trainer.as_ref(),
                ai: self.ai.as_ref(),
                registry: &self.registry,
            };
            advance_fine_tunes(tools, context).await?;
            Ok(())
        })
    }
}
