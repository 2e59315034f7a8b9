//! Lines of a batch that expired or was cancelled before they had a result: each gets an error, so that every line has a
//! result.

use super::advance::{BatchTools, ClaimedStep};
use super::ask::record_progress;
use super::file_lines::{FileLines, bytes_of};
use super::results::{ChunkResults, LineResult};
use application_core::{Context, Error};
use domain::ai::batch::{BatchEnd, BatchProgress};
use domain::ai::batch_file::BatchLine;
use domain::ai::json_lines::FileLine;
use futures_util::stream::{self, StreamExt};
use ports::{BatchFileKey, FileError, StoreError};

/// Writes and records the errors of all lines without a result. A repetition writes them again.
pub(super) async fn write_unfinished(
    tools: BatchTools<'_>,
    context: &Context,
    claimed: &ClaimedStep,
) -> Result<(), Error> {
    let batch = &claimed.batch;
    let end = batch.state.end.ok_or(StoreError::Malformed("a batch that ends without a reason"))?;
    let rest = batch.state.input_file.bytes.saturating_sub(batch.state.bytes_done);
    let mut input = FileLines::without_results(tools, batch);
    let mut sums = BatchProgress::default();
    // One piece of the file is held at a time, and its errors are a chunk.
    while let Some(lines) = input.next_whole().await? {
        if lines.is_empty() {
            continue;
        }
        let first = batch.state.lines_done.saturating_add(sums.lines);
        let chunk = unfinished(context, &lines, end, rest.saturating_sub(sums.bytes))?;
        let place = BatchFileKey::chunk(batch.key.tenant(), &batch.id, first);
        tools.files.write(&place, stream::iter([Ok(chunk.encode()?)]).boxed()).await?;
        sums.lines = sums.lines.saturating_add(chunk.progress.lines);
        sums.failed = sums.failed.saturating_add(chunk.progress.failed);
        sums.bytes = sums.bytes.saturating_add(chunk.progress.bytes);
    }
    if sums.lines != batch.state.lines_left() {
        return Err(FileError("the input file has other lines than before".into()).into());
    }
    record_progress(tools, context, claimed, sums).await?;
    Ok(())
}

/// The errors of these lines, of a file with so many bytes left.
fn unfinished(context: &Context, lines: &[Vec<u8>], end: BatchEnd, rest: u64) -> Result<ChunkResults, Error> {
    let mut progress = BatchProgress::default();
    let mut results = Vec::with_capacity(lines.len());
    for text in lines {
        let line = BatchLine::read(FileLine::Whole(text))
            .map_err(|_| StoreError::Malformed("a line of a batch that was checked"))?;
        results.push(LineResult::unfinished(context, &line.custom_id, end)?);
        progress.lines = progress.lines.saturating_add(1);
        progress.bytes = progress.bytes.saturating_add(bytes_of(text)).min(rest);
    }
    Ok(ChunkResults::new(progress, results))
}
