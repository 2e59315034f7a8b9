//! Wires `login` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use adapter_password::Argon2Passwords;
use application_identity::Login;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_identity::{token_issuer, token_keys};

fn main() -> ExitCode {
    edge::http::run("login", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let signer = Arc::new(token_keys(&settings, &aws)?);
            let issuer = token_issuer(&settings)?;
            let passwords = Arc::new(Argon2Passwords::new()?);
            let needs = Login { store, limiter, passwords, signer, issuer };
            Ok(Box::new(login::Login { needs }) as Box<dyn Handler>)
        })
    })
}
