//! Wires `get-batch` to AWS.

use adapter_s3::S3Links;
use edge::{Authorized, Handler};
use get_batch::GetBatch;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-batch", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let bucket = base.settings.required("BATCH_BUCKET")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let links = Arc::new(S3Links::new(&base.aws, bucket, key_arn));
            let store = Arc::new(base.store()?);
            let route = GetBatch { store: store.clone(), links };
            let configuration = wiring_configuration::follow(&base, None).await?;
            let limit = wiring_configuration::read_limit(&base, configuration)?;
            Ok(Box::new(Authorized::new(route, store, limit)) as Box<dyn Handler>)
        })
    })
}
