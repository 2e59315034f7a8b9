//! Signs a checkpoint for each organization whose audit log has grown since its last one. A checkpoint is stored before
//! its file is written, so that a run that is killed at any point is completed by the next one with the same bytes, and
//! each checkpoint names the one before.

use application_core::{Context, Error};
use domain::audit::{AuditCheckpoint, NO_HASH, checkpoint_file, to_hex};
use domain::id::OrganizationId;
use futures_util::stream::{self, StreamExt};
use ports::{
    AuditCheckpoints, CHECKPOINT_SHARDS, CheckpointFiles, CheckpointSigner, LogState, StoredCheckpoint,
};
use ring::digest::{SHA256, digest};
use std::time::Duration;

/// The organizations that one query returns.
const PAGE: u32 = 100;
/// The organizations that are worked on at the same time.
const AT_ONCE: usize = 8;
/// No page is begun with less time left.
const TIME_FOR_A_PAGE: Duration = Duration::from_secs(30);

/// The ports of the job.
#[derive(Clone, Copy)]
pub struct CheckpointTools<'a> {
    /// What has to be signed, and what was.
    pub checkpoints: &'a dyn AuditCheckpoints,
    /// The key.
    pub signer: &'a dyn CheckpointSigner,
    /// The files.
    pub files: &'a dyn CheckpointFiles,
}

/// Signs what has to be signed, until all is done or the deadline is near; the next run does the rest. Returns the number of
/// organizations that were seen. A failure of one does not stop the others; the run fails with the first failure.
pub async fn sign_audit_checkpoints(tools: CheckpointTools<'_>, context: &Context) -> Result<u64, Error> {
    let mut seen: u64 = 0;
    let mut failure = None;
    // Runs that always began with the same shard would leave the last ones behind when there is much to do.
    let start = u32::try_from(context.now.seconds() / 3600 % i64::from(CHECKPOINT_SHARDS)).unwrap_or(0);
    for shard in (0..CHECKPOINT_SHARDS).map(|shard| (shard + start) % CHECKPOINT_SHARDS) {
        let mut after = None;
        loop {
            if context.time_left() < TIME_FOR_A_PAGE {
                tracing::warn!("organizations are left for the next run");
                return failure.map_or(Ok(seen), Err);
            }
            let page = tools.checkpoints.grown(shard, after, PAGE).await?;
            after = page.last().copied();
            seen = seen.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
            let mut work = stream::iter(page)
                .map(|tenant| async move { (tenant, sign_checkpoint(tools, context, tenant).await) })
                .buffer_unordered(AT_ONCE);
            while let Some((tenant, result)) = work.next().await {
                if let Err(error) = result {
                    let (error_text, tenant) = (&error as &dyn std::error::Error, tenant.to_string());
                    tracing::error!(
                        error = error_text,
                        tenant,
                        "a checkpoint was not signed; the next run tries"
                    );
                    failure.get_or_insert(error);
                }
            }
            if after.is_none() {
                break;
            }
        }
    }
    failure.map_or(Ok(seen), Err)
}

/// Completes the last checkpoint of an organization, and signs another one if its log has grown since then.
pub async fn sign_checkpoint(
    tools: CheckpointTools<'_>,
    context: &Context,
    tenant: OrganizationId,
) -> Result<(), Error> {
    let state = tools.checkpoints.log_state(tenant).await?;
    let checkpoint = match &state.last {
        Some(last) if !last.is_written || last.count == state.count => last.clone(),
        last => {
            let next = signed(tools, context, tenant, &state).await?;
            if !tools.checkpoints.store(tenant, last.as_ref(), &next).await? {
                // Another run has it.
                return Ok(());
            }
            next
        }
    };
    if !checkpoint.is_written {
        tools.files.write(tenant, checkpoint.count, &checkpoint.file).await?;
    }
    // A log that has grown meanwhile stays listed, and the next run signs it.
    Ok(tools.checkpoints.written(tenant, checkpoint.count).await?)
}

async fn signed(
    tools: CheckpointTools<'_>,
    context: &Context,
    tenant: OrganizationId,
    state: &LogState,
) -> Result<StoredCheckpoint, Error> {
    let checkpoint = AuditCheckpoint {
        format: 1,
        organization: tenant,
        count: state.count,
        head_hash: to_hex(&state.head_hash),
        at: context.clock(),
        previous_checkpoint_hash: state
            .last
            .as_ref()
            .map_or_else(|| NO_HASH.to_owned(), |last| last.hash.clone()),
    };
    let bytes = checkpoint.bytes();
    let signature = tools.signer.sign(&bytes).await?;
    Ok(StoredCheckpoint {
        count: state.count,
        hash: to_hex(digest(&SHA256, &bytes).as_ref()),
        file: checkpoint_file(&signature, &bytes),
        is_written: false,
    })
}
