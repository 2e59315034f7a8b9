//! Wires `register-account` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use adapter_kms::KmsTenantKeys;
use adapter_password::Argon2Passwords;
use application_identity::RegisterAccount;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("register-account", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let keys = Arc::new(KmsTenantKeys::new(&aws, settings.required("DATA_KEY_ID")?));
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables).with_tenant_keys(keys.clone()));
            let passwords = Arc::new(Argon2Passwords::new()?);
            let home_region = settings.required("AWS_REGION")?.to_owned();
            let needs = RegisterAccount { store, limiter, passwords, tenant_keys: keys, home_region };
            Ok(Box::new(register_account::RegisterAccount { needs }) as Box<dyn Handler>)
        })
    })
}
