//! Wires `create-fine-tune` to AWS.

use adapter_appconfig::AppConfig;
use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use adapter_s3::S3TrainingUploads;
use application_ai::Registry;
use create_fine_tune::CreateFineTune;
use edge::Handler;
use ports::ConfiguredLimiter;
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
            let shipped = Registry::shipped()?;
            let configuration = Arc::new(AppConfig::from_env(&aws, Some(shipped.catalog())).await?);
            let registry =
                shipped.following(configuration.clone(), at.region.clone(), at.has_own_bedrock())?;
            let limiter = Arc::new(ConfiguredLimiter::new(limiter, configuration));
            Ok(Box::new(CreateFineTune { store, limiter, registry, uploads }) as Box<dyn Handler>)
        })
    })
}
