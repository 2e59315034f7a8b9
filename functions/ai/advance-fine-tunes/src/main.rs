//! Wires `advance-fine-tunes` to AWS.

use adapter_customization::{BedrockTrainer, TrainingPlace};
use adapter_dynamodb::{DynamoAiState, ListShards};
use adapter_s3::S3Files;
use advance_fine_tunes::AdvanceFineTunes;
use application_ai::Registry;
use edge::schedule::ScheduleHandler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::schedule::run("advance-fine-tunes", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let bucket = base.settings.required("TRAINING_BUCKET")?.to_owned();
            let files = Arc::new(S3Files::new(&base.aws, bucket.clone()));
            let role_arn = base.settings.required("TRAINING_ROLE_ARN")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let trainer =
                Arc::new(BedrockTrainer::new(&base.aws, TrainingPlace { bucket, role_arn, key_arn }));
            let store = Arc::new(base.store()?);
            // Fine-tunes that are open go on when the operator turns fine-tuning off, so all models are there.
            let registry = Registry::shipped()?;
            let configuration = wiring_configuration::follow(&base, Some(registry.catalog())).await?;
            let shards = ListShards::new(configuration);
            let ai = Arc::new(DynamoAiState::new(&base.aws, base.tables()?).with_shards(shards));
            let job = AdvanceFineTunes { store, files, trainer, ai, registry };
            Ok(Box::new(job) as Box<dyn ScheduleHandler>)
        })
    })
}
