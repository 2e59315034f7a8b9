//! Wires `create-fine-tune` to AWS.

use adapter_s3::S3Links;
use create_fine_tune::CreateFineTune;
use edge::{Authorized, Handler, Uncounted};
use ports::ConfiguredLimiter;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_ai_models::DeployedModels;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("create-fine-tune", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let bucket = base.settings.required("TRAINING_BUCKET")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let uploads = Arc::new(S3Links::new(&base.aws, bucket, key_arn));
            let limiter = Arc::new(base.limiter()?);
            let store = Arc::new(base.store()?);
            let DeployedModels { registry, configuration } = DeployedModels::follow(&base).await?;
            let limiter = Arc::new(ConfiguredLimiter::new(limiter, configuration));
            let route = CreateFineTune { store: store.clone(), limiter, registry, uploads };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
