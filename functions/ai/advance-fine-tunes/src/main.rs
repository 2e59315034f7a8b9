//! Wires `advance-fine-tunes` to AWS.

use adapter_customization::{BedrockTrainer, TrainingPlace};
use adapter_s3::S3TrainingFiles;
use advance_fine_tunes::AdvanceFineTunes;
use edge::schedule::ScheduleHandler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::schedule::run("advance-fine-tunes", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let bucket = base.settings.required("TRAINING_BUCKET")?.to_owned();
            let files = Arc::new(S3TrainingFiles::new(&base.aws, bucket.clone()));
            let role_arn = base.settings.required("TRAINING_ROLE_ARN")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let trainer =
                Arc::new(BedrockTrainer::new(&base.aws, TrainingPlace { bucket, role_arn, key_arn }));
            let store = Arc::new(base.store()?);
            Ok(Box::new(AdvanceFineTunes { store, files, trainer }) as Box<dyn ScheduleHandler>)
        })
    })
}
