//! Wires `get-usage` to AWS.

use adapter_dynamodb::DynamoAiUsage;
use edge::{Authorized, Handler};
use get_usage::GetUsage;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-usage", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let usage = Arc::new(DynamoAiUsage::new(&base.aws, base.tables()?));
            let store = Arc::new(base.store()?);
            let route = GetUsage { usage };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
