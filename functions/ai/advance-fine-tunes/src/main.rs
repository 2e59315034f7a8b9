//! Wires `advance-fine-tunes` to AWS.

use adapter_aws::AwsSettings;
use adapter_customization::{BedrockTrainer, TrainingPlace};
use adapter_dynamodb::{DynamoStore, Tables};
use adapter_s3::S3TrainingFiles;
use advance_fine_tunes::AdvanceFineTunes;
use edge::schedule::ScheduleHandler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::schedule::run("advance-fine-tunes", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let bucket = settings.required("TRAINING_BUCKET")?.to_owned();
            let files = Arc::new(S3TrainingFiles::new(&aws, bucket.clone()));
            let role_arn = settings.required("TRAINING_ROLE_ARN")?.to_owned();
            let key_arn = settings.required("DATA_KEY_ARN")?.to_owned();
            let trainer = Arc::new(BedrockTrainer::new(&aws, TrainingPlace { bucket, role_arn, key_arn }));
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            let open = store.clone();
            Ok(Box::new(AdvanceFineTunes { store, open, files, trainer }) as Box<dyn ScheduleHandler>)
        })
    })
}
