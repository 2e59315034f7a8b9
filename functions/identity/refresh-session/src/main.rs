//! Wires `refresh-session` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use adapter_kms::{KmsTokenKeys, TokenKeyList};
use application_identity::{Issuer, RefreshSession};
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("refresh-session", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let keys: TokenKeyList = settings.required("TOKEN_KEY_IDS")?.parse()?;
            let signer = Arc::new(KmsTokenKeys::new(&aws, keys));
            let issuer = Issuer {
                issuer: settings.required("TOKEN_ISSUER")?.to_owned(),
                audience: settings.required("TOKEN_AUDIENCE")?.to_owned(),
            };
            let needs = RefreshSession { store, signer, issuer };
            Ok(Box::new(refresh_session::RefreshSession { needs }) as Box<dyn Handler>)
        })
    })
}
