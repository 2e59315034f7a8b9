//! Puts the results of a batch together, settles its money, and records its end, in this order. Each of these can be
//! repeated.

use super::advance::{BatchStep, BatchTools, OpenBatch, claim, record};
use super::ask::record_found;
use super::chunk_lines::lines_for;
use super::money;
use super::provider::{is_provider_s, still_runs, take_stopped};
use super::results::ResultFile;
use super::unfinished::write_unfinished;
use application_core::{Context, Error};
use domain::ai::batch;
use futures_util::future::try_join;
use ports::BatchFileKey;

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
        tools.files.write(&place, lines_for(tools, &open, ResultFile::Output)).await
    };
    let errors = async {
        if state.failed == 0 {
            return Ok(());
        }
        let place = BatchFileKey::errors(tenant, &open.id);
        tools.files.write(&place, lines_for(tools, &open, ResultFile::Errors)).await
    };
    try_join(output, errors).await?;
    money::settle(tools.completions.gateway.money(), context, &open).await?;
    record(tools, context, &open.key, batch::end_batch).await?;
    Ok(BatchStep::Made)
}
