//! Wires `list-leads` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, ListShards, Tables};
use adapter_secrets::Secret;
use edge::Handler;
use edge::cursor::CursorCodec;
use list_leads::ListLeads;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("list-leads", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables).with_list_shards(ListShards::from_env()?));
            let secret = Secret::new(&aws, settings.required("CURSOR_SECRET_ID")?);
            let cursors = CursorCodec::new(secret.value().await?.expose())?;
            Ok(Box::new(ListLeads { store, limiter, cursors }) as Box<dyn Handler>)
        })
    })
}
