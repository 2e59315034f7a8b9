//! Wires `list-notifications` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use adapter_secrets::Secret;
use edge::Handler;
use edge::cursor::CursorCodec;
use list_notifications::ListNotifications;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("list-notifications", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let secret = Secret::new(&aws, settings.required("CURSOR_SECRET_ID")?);
            let cursors = CursorCodec::new(secret.value().await?.expose())?;
            Ok(Box::new(ListNotifications { store, limiter, cursors }) as Box<dyn Handler>)
        })
    })
}
