//! Wires `delete-lead` to AWS.

use adapter_appconfig::AppConfig;
use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, ListShards, Tables};
use delete_lead::DeleteLead;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("delete-lead", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let configuration = Arc::new(AppConfig::from_env(&aws, None).await?);
            let tables = Tables::from_env()?;
            let store =
                Arc::new(DynamoStore::new(&aws, tables).with_list_shards(ListShards::new(configuration)));
            Ok(Box::new(DeleteLead { store }) as Box<dyn Handler>)
        })
    })
}
