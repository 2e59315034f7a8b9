//! Wires `advance-batches` to AWS and to the configured servers.

use adapter_bedrock::BedrockBatchRecords;
use adapter_customization::{BatchPlace, BedrockBatchInference};
use adapter_s3::S3Files;
use advance_batches::{AdvanceBatches, BatchProvider};
use edge::schedule::ScheduleHandler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_ai::Models;
use wiring_ai::chat::chat_lines;

fn main() -> ExitCode {
    edge::schedule::run("advance-batches", |settings| {
        Box::pin(async move {
            let models = Models::read(settings).await?;
            let base = models.base();
            let bucket = base.settings.required("BATCH_BUCKET")?.to_owned();
            let files = Arc::new(S3Files::new(&base.aws, bucket.clone()));
            let role_arn = base.settings.required("BATCH_ROLE_ARN")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let place = BatchPlace { bucket, role_arn, key_arn };
            let provider = Some(BatchProvider {
                jobs: Arc::new(BedrockBatchInference::new(&base.aws, place)),
                records: Arc::new(BedrockBatchRecords::new()),
                region: base.at.region.clone(),
            });
            let (store, completions) = (models.store(), models.completions()?);
            let format = chat_lines();
            let handler = AdvanceBatches { store, files, completions, format, provider };
            Ok(Box::new(handler) as Box<dyn ScheduleHandler>)
        })
    })
}
