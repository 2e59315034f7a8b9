//! Wires `refresh-session` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use application_identity::RefreshSession;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_identity::{token_issuer, token_keys};

fn main() -> ExitCode {
    edge::http::run("refresh-session", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let signer = Arc::new(token_keys(&settings, &aws)?);
            let issuer = token_issuer(&settings)?;
            let needs = RefreshSession { store, signer, issuer };
            Ok(Box::new(refresh_session::RefreshSession { needs }) as Box<dyn Handler>)
        })
    })
}
