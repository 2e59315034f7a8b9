//! Every minute: takes open batches further, from the check of their files to their results.

use application_ai::Completions;
use application_ai::batches::{BatchTools, LineFormat, ProviderBatches, advance_batches};
use application_core::{Configured, Context};
use domain::Timestamp;
use edge::JobError;
use edge::schedule::ScheduleHandler;
use ports::{BatchFiles, BatchInference, BatchRecords, BoxFuture, ModelGateway, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct AdvanceBatches {
    /// Finds, loads and commits batches.
    pub store: Arc<dyn Store>,
    /// Reads and writes their files.
    pub files: Arc<dyn BatchFiles>,
    /// The models, and the gateway to them.
    pub completions: Configured<Completions<dyn ModelGateway>>,
    /// The wire format of lines.
    pub format: LineFormat,
    /// The provider that runs batches by itself.
    pub provider: Option<BatchProvider>,
}

/// A provider that runs batches by itself.
pub struct BatchProvider {
    /// Runs them.
    pub jobs: Arc<dyn BatchInference>,
    /// The form of their files.
    pub records: Arc<dyn BatchRecords>,
    /// The region in which they run.
    pub region: String,
}

impl ScheduleHandler for AdvanceBatches {
    /// The due time does not matter: a batch goes on when its file is there and its organization leaves models alone.
    fn handle<'a>(&'a self, _: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let completions = self.completions.current();
            let tools = BatchTools {
                store: self.store.as_ref(),
                files: self.files.as_ref(),
                completions: &completions,
                format: self.format,
                provider: self.provider.as_ref().map(|provider| ProviderBatches {
                    jobs: provider.jobs.as_ref(),
                    records: provider.records.as_ref(),
                    region: &provider.region,
                }),
            };
            advance_batches(tools, context).await?;
            Ok(())
        })
    }
}
