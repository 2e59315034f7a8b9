//! Wires `score-lead` to AWS.

use adapter_aws::AwsSettings;
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, ListShards, Tables};
use adapter_kms::KmsTenantKeys;
use application::ai::{LeadScorer, Registry};
use application::sales::ScoreLead;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("score-lead", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let keys = Arc::new(KmsTenantKeys::new(&aws, settings.required("DATA_KEY_ID")?));
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let store = DynamoStore::new(&aws, tables)
                .with_tenant_keys(keys)
                .with_list_shards(ListShards::from_env()?);
            let store = Arc::new(store);
            let gateway = Arc::new(BedrockGateway::new(&aws));
            let chain = settings.required("LEAD_SCORING_CHAIN")?;
            let scorer = LeadScorer::new(gateway, chain, &Registry::shipped()?)?;
            let needs = ScoreLead { store, limiter, scorer };
            Ok(Box::new(score_lead::ScoreLead { needs }) as Box<dyn Handler>)
        })
    })
}
