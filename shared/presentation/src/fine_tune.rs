//! Fine-tunes.

use contracts::fine_tune::{Failure, FineTune as Shown, HyperParameters, LineFault, TrainingFile};
use domain::ai::fine_tune::{self, FineTune};

/// A fine-tune as every answer shows it.
pub fn fine_tune(fine_tune: &FineTune) -> Shown {
    let learns = fine_tune.hyper_parameters;
    Shown {
        id: fine_tune.id.to_string(),
        name: fine_tune.name.clone(),
        base_model: fine_tune.base_model.clone(),
        hyper_parameters: HyperParameters {
            epoch_count: learns.epoch_count,
            learning_rate: learns.learning_rate,
            warmup_steps: learns.warmup_steps,
        },
        training_file: TrainingFile {
            bytes: fine_tune.training_file.bytes,
            sha256: fine_tune.training_file.sha256.clone(),
        },
        records: fine_tune.records,
        status: fine_tune.status.as_str().to_owned(),
        custom_model: fine_tune.custom_model.clone(),
        failure: fine_tune.failure.as_ref().map(failure),
        created_by: fine_tune.created_by.to_string(),
        created_at: fine_tune.created_at.to_string(),
        changed_at: fine_tune.changed_at.to_string(),
        model: fine_tune.model().map(|model| model.to_string()),
    }
}

fn failure(failure: &fine_tune::Failure) -> Failure {
    let lines = failure.lines.iter();
    Failure {
        reason: failure.reason.as_str().to_owned(),
        lines: lines
            .map(|fault| LineFault { line: fault.line, reason: fault.reason.as_str().to_owned() })
            .collect(),
        message: failure.message.clone(),
    }
}
