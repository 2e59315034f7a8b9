//! Wires `get-billing` to AWS.

use adapter_dynamodb::DynamoAiUsage;
use application_analytics::PriceBook;
use edge::{Authorized, Handler};
use get_billing::GetBilling;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-billing", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let usage = Arc::new(DynamoAiUsage::new(&base.aws, base.tables()?));
            let store = Arc::new(base.store()?);
            let prices = PriceBook::shipped()?;
            let route = GetBilling { store: store.clone(), usage, prices };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
