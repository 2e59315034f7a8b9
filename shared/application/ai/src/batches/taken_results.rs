//! Results of a provider, which are written in chunks as they are read.

use super::advance::{BatchTools, OpenBatch};
use super::results::{ChunkResults, LineResult};
use application_core::Error;
use domain::ai::batch::{BatchProgress, add_usage};
use futures_util::stream::{self, StreamExt};
use ports::BatchFileKey;

/// The most results of a chunk.
const MOST_RESULTS: usize = 500;
/// The bytes of results after which a chunk ends: one more result is below four megabytes.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Results of lines behind those that the batch has, which are written in chunks.
pub(super) struct TakenResults<'a> {
    open: &'a OpenBatch,
    results: Vec<LineResult>,
    bytes: usize,
    pub(super) chunk: BatchProgress,
    sums: BatchProgress,
}

impl<'a> TakenResults<'a> {
    pub(super) fn new(open: &'a OpenBatch) -> Self {
        let (chunk, sums) = (BatchProgress::default(), BatchProgress::default());
        Self { open, results: Vec::new(), bytes: 0, chunk, sums }
    }

    pub(super) async fn add(&mut self, tools: BatchTools<'_>, result: LineResult) -> Result<(), Error> {
        self.bytes += result.length();
        self.results.push(result);
        self.chunk.lines += 1;
        let is_full = self.results.len() >= MOST_RESULTS || self.bytes >= MOST_BYTES;
        if is_full { self.write(tools).await } else { Ok(()) }
    }

    async fn write(&mut self, tools: BatchTools<'_>) -> Result<(), Error> {
        if self.results.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let chunk = ChunkResults::new(std::mem::take(&mut self.chunk), std::mem::take(&mut self.results));
        let first = self.open.state.lines_done.saturating_add(self.sums.lines);
        let place = BatchFileKey::chunk(self.open.key.tenant(), &self.open.id, first);
        tools.files.write(&place, stream::iter([Ok(chunk.encode()?)]).boxed()).await?;
        let sums = &mut self.sums;
        sums.lines = sums.lines.saturating_add(chunk.progress.lines);
        sums.completed = sums.completed.saturating_add(chunk.progress.completed);
        sums.failed = sums.failed.saturating_add(chunk.progress.failed);
        sums.attempts = sums.attempts.saturating_add(chunk.progress.attempts);
        add_usage(&mut sums.usage, &chunk.progress.usage);
        Ok(())
    }

    pub(super) async fn finish(mut self, tools: BatchTools<'_>) -> Result<BatchProgress, Error> {
        self.write(tools).await?;
        Ok(self.sums)
    }
}
