//! Puts the results of a batch together, settles its money, and records its end, in this order. Each of these can be
//! repeated.

use super::advance::{BatchStep, BatchTools, OpenBatch, claim, record};
use super::ask::record_found;
use super::money;
use super::provider::{is_provider_s, still_runs, take_stopped};
use super::results::{ChunkResults, ResultFile};
use super::unfinished::write_unfinished;
use application_core::{Context, Error};
use domain::ai::batch;
use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt};
use ports::{BatchFileKey, FileParts};

/// More bytes than a chunk has, so that it is read as a whole by one call.
const LONGEST_CHUNK: u64 = 1024 * 1024 * 1024;

/// Ends the batch.
pub(super) async fn finish(
    tools: BatchTools<'_>,
    context: &Context,
    open: OpenBatch,
) -> Result<BatchStep, Error> {
    if is_provider_s(&open.state) && still_runs(tools, context, &open).await? {
        return Ok(BatchStep::Waits);
    }
    let Some(claimed) = claim(tools, context, open).await? else { return Ok(BatchStep::Waits) };
    // Lines that were asked before a cancellation are paid, so their results are kept.
    if is_provider_s(&claimed.batch.state) {
        if let Some(step) = take_stopped(tools, context, &claimed).await? {
            return Ok(step);
        }
    } else if claimed.resumes && record_found(tools, context, &claimed).await? {
        return Ok(BatchStep::Made);
    }
    if claimed.batch.state.lines_left() > 0 {
        write_unfinished(tools, context, &claimed).await?;
        return Ok(BatchStep::Made);
    }
    end(tools, context, claimed.batch).await
}

async fn end(tools: BatchTools<'_>, context: &Context, open: OpenBatch) -> Result<BatchStep, Error> {
    let (tenant, state) = (open.key.tenant(), &open.state);
    let output = async {
        if state.completed == 0 {
            return Ok(());
        }
        let place = BatchFileKey::output(tenant, &open.id);
        tools.files.write(&place, parts(tools, &open, ResultFile::Output)).await
    };
    let errors = async {
        if state.failed == 0 {
            return Ok(());
        }
        let place = BatchFileKey::errors(tenant, &open.id);
        tools.files.write(&place, parts(tools, &open, ResultFile::Errors)).await
    };
    try_join(output, errors).await?;
    money::settle(tools.completions.gateway.state().as_ref(), context, &open).await?;
    record(tools, context, &open.key, batch::end_batch).await?;
    Ok(BatchStep::Made)
}

/// The lines for a file, chunk by chunk: one chunk is held at a time.
fn parts<'a>(tools: BatchTools<'a>, open: &'a OpenBatch, file: ResultFile) -> FileParts<'a> {
    stream::try_unfold(0, move |first| async move {
        if first >= open.state.lines_done {
            return Ok(None);
        }
        let place = BatchFileKey::chunk(open.key.tenant(), &open.id, first);
        let stored = tools.files.read(&place, 0, LONGEST_CHUNK).await?;
        // A chunk without a line would never end.
        let next = first + ChunkResults::sums(&stored)?.lines.max(1);
        Ok(Some((ChunkResults::lines_of(&stored, file), next)))
    })
    .boxed()
}
