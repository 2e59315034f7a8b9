//! The commands of a batch: the checks of its fields, and the event that each command leads to.

use super::{
    Batch, BatchCancelled, BatchClaimed, BatchCreated, BatchEnded, BatchEvent, BatchExpired, BatchFailed,
    BatchFailure, BatchFailureReason, BatchFile, BatchProgress, BatchProgressed, BatchRequeued,
    BatchReservation, BatchStarted, BatchStatus, BatchSubmitted, MOST_BYTES,
};
use crate::Timestamp;
use crate::ai::batch_file::{BatchFileReport, ENDPOINT, MOST_LINES};
use crate::ai::is_sha256;
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, ApiKeyId, BatchId};
use std::collections::BTreeMap;

/// The only completion window.
pub const COMPLETION_WINDOW: &str = "24h";
/// The most pairs of the metadata, and the most characters of a name and of a value, as OpenAI has them.
const MOST_METADATA: usize = 16;
const LONGEST_METADATA_NAME: usize = 64;
const LONGEST_METADATA_VALUE: usize = 512;

/// The command that creates a batch.
#[derive(Debug)]
pub struct CreateBatch<'a> {
    /// Its identifier.
    pub id: BatchId,
    /// The route to which the lines are requests: `/v1/chat/completions`.
    pub endpoint: &'a str,
    /// The time within which it is run: `24h`.
    pub completion_window: &'a str,
    /// The size of the file, 1 to 50,000,000 bytes.
    pub bytes: u64,
    /// SHA-256 of the file, base64 with padding.
    pub sha256: &'a str,
    /// Pairs of the caller, which change nothing.
    pub metadata: &'a BTreeMap<String, String>,
    /// The account that creates it; for an API key, the account that created the key.
    pub created_by: AccountId,
    /// The API key that creates it.
    pub api_key: Option<ApiKeyId>,
}

/// Decides `batch_created`.
pub fn create_batch(command: &CreateBatch<'_>) -> Result<BatchEvent, InvalidFields> {
    let mut check = FieldChecks::default();
    if command.endpoint != ENDPOINT {
        check.wrong("endpoint", "unsupported", format!("must be {ENDPOINT}"));
    }
    if command.completion_window != COMPLETION_WINDOW {
        check.wrong("completion_window", "unsupported", format!("must be {COMPLETION_WINDOW}"));
    }
    if !(1..=MOST_BYTES).contains(&command.bytes) {
        check.wrong("input_file.bytes", "range", format!("must be from 1 to {MOST_BYTES}"));
    }
    if !is_sha256(command.sha256) {
        check.wrong("input_file.sha256", "format", "must be a SHA-256 in base64");
    }
    if command.metadata.len() > MOST_METADATA {
        check.wrong("metadata", "too_long", format!("must have at most {MOST_METADATA} members"));
    }
    for (name, value) in command.metadata {
        if name.is_empty() {
            check.wrong("metadata", "format", "must have no empty name");
        }
        check.verbatim("metadata", name, LONGEST_METADATA_NAME);
        check.verbatim("metadata", value, LONGEST_METADATA_VALUE);
    }
    check.finish(())?;
    Ok(BatchEvent::Created(BatchCreated {
        batch_id: command.id,
        input_file: BatchFile { bytes: command.bytes, sha256: command.sha256.to_owned() },
        metadata: command.metadata.clone(),
        created_by: command.created_by,
        api_key_id: command.api_key,
    }))
}

/// Decides `batch_claimed`; no event when the batch has ended, or while another run has the step.
pub fn claim_batch(batch: &Batch, now: Timestamp, until: Timestamp) -> Option<BatchEvent> {
    let free = batch.claimed_until.is_none_or(|other| other <= now && other < until);
    (batch.has_not_ended() && free).then_some(BatchEvent::Claimed(BatchClaimed { batch_id: batch.id, until }))
}

/// The failure that follows from the check of the file; none when the file can be run.
pub fn file_failure(report: BatchFileReport) -> Option<BatchFailure> {
    if !report.faults.is_empty() {
        let failure = BatchFailure::of(BatchFailureReason::InvalidLines);
        return Some(BatchFailure { lines: report.faults, ..failure });
    }
    (report.lines > MOST_LINES).then(|| BatchFailure::of(BatchFailureReason::TooManyLines))
}

/// Decides `batch_started`; no event unless the batch waits for its check.
pub fn start_batch(
    batch: &Batch,
    lines: u32,
    reservation: BatchReservation,
    provider_model: Option<String>,
) -> Option<BatchEvent> {
    let batch_id = batch.id;
    (batch.status == BatchStatus::Validating).then_some(BatchEvent::Started(BatchStarted {
        batch_id,
        lines,
        reservation,
        provider_model,
    }))
}

/// Decides `batch_submitted`; no event unless the batch is one for a provider that has no job yet. A batch that ends early
/// may have one too, which is stopped, and whose results are kept.
pub fn submit_batch(batch: &Batch, provider_job: &str) -> Option<BatchEvent> {
    let awaits = batch.provider_model.is_some() && batch.provider_job.is_none() && batch.lines_done == 0;
    (awaits && batch.has_not_ended()).then(|| {
        let provider_job = provider_job.to_owned();
        BatchEvent::Submitted(BatchSubmitted { batch_id: batch.id, provider_job })
    })
}

/// Decides `batch_requeued`; no event unless the batch is one for a provider, and has no results yet.
pub fn requeue_batch(batch: &Batch, reason: &str) -> Option<BatchEvent> {
    let given =
        batch.status == BatchStatus::InProgress && batch.provider_model.is_some() && batch.lines_done == 0;
    given.then(|| BatchEvent::Requeued(BatchRequeued { batch_id: batch.id, reason: reason.to_owned() }))
}

/// Decides `batch_progressed`; no event unless the claim that ends at `claim` is the batch's.
pub fn record_progress(batch: &Batch, claim: Timestamp, progress: BatchProgress) -> Option<BatchEvent> {
    let ours = batch.claimed_until == Some(claim);
    let runs = batch.reservation.is_some() && batch.has_not_ended();
    let fits = progress.lines <= batch.lines_left();
    (ours && runs && fits).then_some(BatchEvent::Progressed(BatchProgressed { batch_id: batch.id, progress }))
}

/// Decides `batch_failed`; no event once money is set aside, because then there are results to keep.
pub fn fail_batch(batch: &Batch, failure: BatchFailure) -> Option<BatchEvent> {
    (batch.status == BatchStatus::Validating)
        .then_some(BatchEvent::Failed(BatchFailed { batch_id: batch.id, failure }))
}

/// Decides `batch_expired`; no event before its time, or when it ends anyway.
pub fn expire_batch(batch: &Batch, now: Timestamp) -> Option<BatchEvent> {
    let goes_on = matches!(batch.status, BatchStatus::Validating | BatchStatus::InProgress);
    (goes_on && now >= batch.expires_at()).then_some(BatchEvent::Expired(BatchExpired { batch_id: batch.id }))
}

/// Decides `batch_cancelled`; no event when it ends anyway.
pub fn cancel_batch(batch: &Batch, cancelled_by: AccountId) -> Option<BatchEvent> {
    matches!(batch.status, BatchStatus::Validating | BatchStatus::InProgress)
        .then_some(BatchEvent::Cancelled(BatchCancelled { batch_id: batch.id, cancelled_by }))
}

/// Decides `batch_ended`; no event unless only its end is left.
pub fn end_batch(batch: &Batch) -> Option<BatchEvent> {
    Some(BatchEvent::Ended(BatchEnded {
        batch_id: batch.id,
        end: batch.end.filter(|_| batch.has_not_ended())?,
        completed: batch.completed,
        failed: batch.failed,
        cost_nano_usd: batch.cost_nano_usd(),
    }))
}
