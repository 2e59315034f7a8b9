//! Wires `create-fine-tune` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use adapter_s3::S3TrainingUploads;
use application_ai::Registry;
use create_fine_tune::CreateFineTune;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("create-fine-tune", |settings| {
        Box::pin(async move {
            let at = AwsSettings::from_env()?;
            let aws = adapter_aws::sdk_config(&at);
            let tables = Tables::from_env()?;
            let bucket = settings.required("TRAINING_BUCKET")?.to_owned();
            let key_arn = settings.required("DATA_KEY_ARN")?.to_owned();
            let uploads = Arc::new(S3TrainingUploads::new(&aws, bucket, key_arn));
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let on = settings.required("FINE_TUNING")? == "true";
            let registry = Registry::shipped()?.with_fine_tuning(on, &at.region);
            Ok(Box::new(CreateFineTune { store, limiter, registry, uploads }) as Box<dyn Handler>)
        })
    })
}
