//! Wires `list-api-keys` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoKeyUses, DynamoLimiter, DynamoStore, Tables};
use adapter_secrets::Secret;
use edge::Handler;
use edge::cursor::CursorCodec;
use list_api_keys::ListApiKeys;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("list-api-keys", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let key_uses = Arc::new(DynamoKeyUses::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let secret = Secret::new(&aws, settings.required("CURSOR_SECRET_ID")?);
            let cursors = CursorCodec::new(secret.value().await?.expose())?;
            Ok(Box::new(ListApiKeys { store, key_uses, limiter, cursors }) as Box<dyn Handler>)
        })
    })
}
