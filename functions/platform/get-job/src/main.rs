//! Wires `get-job` to AWS.

use adapter_s3::S3Links;
use edge::{Authorized, Handler};
use get_job::GetJob;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-job", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let bucket = base.settings.required("JOB_BUCKET")?.to_owned();
            let key_arn = base.settings.required("DATA_KEY_ARN")?.to_owned();
            let links = Arc::new(S3Links::new(&base.aws, bucket, key_arn));
            let store = Arc::new(base.store()?);
            let route = GetJob { store: store.clone(), links };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
