//! Wires `create-lead` to AWS.

use adapter_appconfig::AppConfig;
use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, ListShards, Tables};
use adapter_kms::KmsTenantKeys;
use create_lead::CreateLead;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("create-lead", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let configuration = Arc::new(AppConfig::from_env(&aws, None).await?);
            let tables = Tables::from_env()?;
            let keys = Arc::new(KmsTenantKeys::new(&aws, settings.required("DATA_KEY_ID")?));
            let store = DynamoStore::new(&aws, tables)
                .with_tenant_keys(keys)
                .with_list_shards(ListShards::new(configuration));
            let store = Arc::new(store);
            Ok(Box::new(CreateLead { store }) as Box<dyn Handler>)
        })
    })
}
