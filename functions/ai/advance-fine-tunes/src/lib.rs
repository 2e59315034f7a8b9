//! Every two minutes: goes on with open fine-tunes, from the check of their files to what the provider made of them.

use application_ai::fine_tunes::{Tools, advance_fine_tunes};
use application_core::Context;
use domain::Timestamp;
use edge::JobError;
use edge::schedule::ScheduleHandler;
use ports::{BoxFuture, OpenFineTunes, Store, Trainer, TrainingFiles};
use std::sync::Arc;

/// What the function needs.
pub struct AdvanceFineTunes {
    /// Where fine-tunes are kept.
    pub store: Arc<dyn Store>,
    /// Which of them are open.
    pub open: Arc<dyn OpenFineTunes>,
    /// Where their files are.
    pub files: Arc<dyn TrainingFiles>,
    /// Who trains.
    pub trainer: Arc<dyn Trainer>,
}

impl ScheduleHandler for AdvanceFineTunes {
    /// What is due does not matter: a fine-tune goes on when what it waits for is there.
    fn handle<'a>(&'a self, _: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let tools = Tools {
                store: self.store.as_ref(),
                open: self.open.as_ref(),
                files: self.files.as_ref(),
                trainer: self.trainer.as_ref(),
            };
            advance_fine_tunes(tools, context).await?;
            Ok(())
        })
    }
}
