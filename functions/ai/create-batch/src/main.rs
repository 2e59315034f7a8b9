//! Wires `create-batch` to AWS.

use adapter_s3::S3Links;
use create_batch::CreateBatch;
use edge::{Authorized, Handler, Uncounted};
use ports::ConfiguredLimiter;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("create-batch", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let bucket = base.settings.required("BATCH_BUCKET")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let links = Arc::new(S3Links::new(&base.aws, bucket, key_arn));
            let limiter = Arc::new(base.limiter()?);
            let store = Arc::new(base.store()?);
            let configuration = wiring_configuration::follow(&base, None).await?;
            let limiter = Arc::new(ConfiguredLimiter::new(limiter, configuration));
            let route = CreateBatch { store: store.clone(), limiter, links };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
