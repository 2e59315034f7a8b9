//! The check of an uploaded file: that it is the declared one, and that every line is right.

use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ai::fine_tune::{self, Failure, FailureReason, FineTune, FineTuneEvent, TrainingFile};
use domain::ai::training_file::FileCheck;
use ports::{AggregateKey, FileKey, StoreError, TrainingFiles};
use ring::digest::{Context as Digest, SHA256};

/// The bytes of a file that are read at once.
const PIECE: u64 = 8 * 1024 * 1024;

/// Checks an existing file, or ends the wait for a missing one.
pub(super) async fn await_file(
    files: &dyn TrainingFiles,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    let id = key.id().parse().map_err(|_| StoreError::Malformed("the id of a fine-tune"))?;
    let place = FileKey::new(key.tenant(), &id);
    let Some(size) = files.size(&place).await? else {
        return Ok(fine_tune::fail_for_missing_file(state, context.now));
    };
    let differs = || Ok(fine_tune::fail_fine_tune(state, Failure::of(FailureReason::FileDiffers)));
    let declared = &state.training_file;
    if size != declared.bytes {
        return differs();
    }
    match check(files, &place, declared).await? {
        Some(check) => Ok(fine_tune::judge_file(state, check.finish())),
        None => differs(),
    }
}

/// Reads the file piece by piece; `None` when it is not the declared file.
async fn check(
    files: &dyn TrainingFiles,
    place: &FileKey,
    declared: &TrainingFile,
) -> Result<Option<FileCheck>, Error> {
    let mut check = FileCheck::default();
    let mut digest = Digest::new(&SHA256);
    let mut offset = 0;
    while offset < declared.bytes {
        let piece = files.read(place, offset, PIECE.min(declared.bytes - offset)).await?;
        if piece.is_empty() {
            return Ok(None);
        }
        digest.update(&piece);
        check.feed(&piece);
        offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }
    let same = STANDARD.encode(digest.finish()) == declared.sha256;
    Ok((same && offset == declared.bytes).then_some(check))
}
