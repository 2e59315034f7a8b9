//! The commands of a fine-tune: the checks of its fields, and the event that each command leads to.

use super::{
    Completed, Failure, FailureReason, FileAccepted, FineTune, FineTuneCanceled, FineTuneCreated,
    FineTuneEvent, FineTuneFailed, FineTuneStarted, FineTuneStatus, FineTuneTrained, HyperParameters,
    MOST_BYTES, Stopped, TrainingFile, WAIT_FOR_FILE,
};
use crate::Timestamp;
use crate::ai::is_sha256;
use crate::ai::training_file::FileReport;
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, FineTuneId};

const LONGEST_NAME: usize = 100;

/// The command that creates a fine-tune.
#[derive(Debug)]
pub struct CreateFineTune<'a> {
    /// Its identifier.
    pub id: FineTuneId,
    /// The name, 1 to 100 characters.
    pub name: &'a str,
    /// The model to train, by its name in the registry.
    pub base_model: &'a str,
    /// The same model, by the provider's name for training.
    pub training_model: &'a str,
    /// The parameters of the training.
    pub hyper_parameters: HyperParameters,
    /// The size of the file, 1 to 100,000,000 bytes.
    pub bytes: u64,
    /// SHA-256 of the file, base64 with padding.
    pub sha256: &'a str,
    /// The account that creates it.
    pub created_by: AccountId,
}

/// Decides `fine_tune_created`.
pub fn create_fine_tune(command: &CreateFineTune<'_>) -> Result<FineTuneEvent, InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.line("name", command.name, LONGEST_NAME);
    let HyperParameters { epoch_count, learning_rate, warmup_steps } = command.hyper_parameters;
    if !(1..=5).contains(&epoch_count) {
        check.wrong("hyper_parameters.epoch_count", "range", "must be from 1 to 5");
    }
    if !(0.000_001..=0.000_1).contains(&learning_rate) {
        check.wrong("hyper_parameters.learning_rate", "range", "must be from 0.000001 to 0.0001");
    }
    if warmup_steps > 100 {
        check.wrong("hyper_parameters.warmup_steps", "range", "must be from 0 to 100");
    }
    if !(1..=MOST_BYTES).contains(&command.bytes) {
        check.wrong("training_file.bytes", "range", format!("must be from 1 to {MOST_BYTES}"));
    }
    if !is_sha256(command.sha256) {
        check.wrong("training_file.sha256", "format", "must be a SHA-256 in base64");
    }
    check.finish(())?;
    Ok(FineTuneEvent::Created(FineTuneCreated {
        fine_tune_id: command.id,
        name,
        base_model: command.base_model.to_owned(),
        training_model: command.training_model.to_owned(),
        hyper_parameters: command.hyper_parameters,
        training_file: TrainingFile { bytes: command.bytes, sha256: command.sha256.to_owned() },
        created_by: command.created_by,
    }))
}

/// Decides the event that follows from the check of the file; none when the fine-tune is not waiting for a file.
pub fn judge_file(fine_tune: &FineTune, report: FileReport) -> Option<FineTuneEvent> {
    if fine_tune.status != FineTuneStatus::AwaitingFile {
        return None;
    }
    let reason = match &report {
        FileReport { faults, .. } if !faults.is_empty() => FailureReason::InvalidLines,
        report if report.too_few() => FailureReason::TooFewRecords,
        report if report.too_many() => FailureReason::TooManyRecords,
        report => {
            return Some(FineTuneEvent::FileAccepted(FileAccepted {
                fine_tune_id: fine_tune.id,
                records: report.records,
            }));
        }
    };
    fail_fine_tune(fine_tune, Failure { reason, lines: report.faults, message: None })
}

/// Decides `fine_tune_failed` when no file was uploaded in time.
pub fn fail_for_missing_file(fine_tune: &FineTune, at: Timestamp) -> Option<FineTuneEvent> {
    let late = at >= fine_tune.created_at.plus_seconds(WAIT_FOR_FILE);
    (late && fine_tune.status == FineTuneStatus::AwaitingFile)
        .then(|| fail_fine_tune(fine_tune, Failure::of(FailureReason::FileMissing)))
        .flatten()
}

/// Decides `fine_tune_started`.
pub fn start_fine_tune(fine_tune: &FineTune, provider_job: &str) -> Option<FineTuneEvent> {
    (fine_tune.status == FineTuneStatus::Submitting).then(|| {
        FineTuneEvent::Started(FineTuneStarted {
            fine_tune_id: fine_tune.id,
            provider_job: provider_job.to_owned(),
        })
    })
}

/// Decides `fine_tune_trained`: the provider has the model.
pub fn train_fine_tune(fine_tune: &FineTune, custom_model: &str) -> Option<FineTuneEvent> {
    (fine_tune.status == FineTuneStatus::Training).then(|| {
        FineTuneEvent::Trained(FineTuneTrained {
            fine_tune_id: fine_tune.id,
            custom_model: custom_model.to_owned(),
        })
    })
}

/// Decides `fine_tune_completed`: the model can be asked by the name of its deployment.
pub fn complete_fine_tune(fine_tune: &FineTune, deployment: &str) -> Option<FineTuneEvent> {
    let custom_model = fine_tune.custom_model.as_ref()?;
    (fine_tune.status == FineTuneStatus::Deploying).then(|| {
        FineTuneEvent::Completed(Completed {
            fine_tune_id: fine_tune.id,
            created_by: fine_tune.created_by,
            custom_model: custom_model.clone(),
            deployment: Some(deployment.to_owned()),
        })
    })
}

/// Decides `fine_tune_failed`; no event when it has ended.
pub fn fail_fine_tune(fine_tune: &FineTune, failure: Failure) -> Option<FineTuneEvent> {
    let (fine_tune_id, created_by) = (fine_tune.id, fine_tune.created_by);
    fine_tune.has_not_ended().then_some(FineTuneEvent::Failed(FineTuneFailed {
        fine_tune_id,
        created_by,
        failure,
    }))
}

/// Decides `fine_tune_canceled`: the fine-tune stops, or its model is retired. No event when it has failed or was canceled.
pub fn cancel_fine_tune(fine_tune: &FineTune, canceled_by: AccountId) -> Option<FineTuneEvent> {
    fine_tune
        .can_be_canceled()
        .then_some(FineTuneEvent::Canceled(FineTuneCanceled { fine_tune_id: fine_tune.id, canceled_by }))
}

/// Decides `fine_tune_stopped`; no event when the provider was never asked, or is known to have nothing of it any more.
pub fn stop_fine_tune(fine_tune: &FineTune) -> Option<FineTuneEvent> {
    fine_tune.stopping.then_some(FineTuneEvent::Stopped(Stopped { fine_tune_id: fine_tune.id }))
}
