//! Wires `login` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use adapter_kms::{KmsTokenKeys, TokenKeyList};
use adapter_password::Argon2Passwords;
use application_identity::{Issuer, Login};
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("login", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let keys: TokenKeyList = settings.required("TOKEN_KEY_IDS")?.parse()?;
            let signer = Arc::new(KmsTokenKeys::new(&aws, keys));
            let issuer = Issuer {
                issuer: settings.required("TOKEN_ISSUER")?.to_owned(),
                audience: settings.required("TOKEN_AUDIENCE")?.to_owned(),
            };
            let passwords = Arc::new(Argon2Passwords::new()?);
            let needs = Login { store, limiter, passwords, signer, issuer };
            Ok(Box::new(login::Login { needs }) as Box<dyn Handler>)
        })
    })
}
