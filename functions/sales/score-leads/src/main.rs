//! Wires `score-leads` to AWS.

use adapter_aws::AwsSettings;
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, ListShards, Tables, ai_gateway};
use adapter_kms::KmsTenantKeys;
use application_ai::{Chain, Providers, Registry};
use application_sales::{LeadScorer, ScoreLead};
use edge::{Handler, RuntimeTimer};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("score-leads", |settings| {
        Box::pin(async move {
            let at = AwsSettings::from_env()?;
            let aws = adapter_aws::sdk_config(&at);
            let tables = Tables::from_env()?;
            let keys = Arc::new(KmsTenantKeys::new(&aws, settings.required("DATA_KEY_ID")?));
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let registry = Registry::shipped()?;
            let shards = ListShards::from_env()?;
            let guardrail = settings.optional("GUARDRAIL").map(str::parse).transpose()?;
            let models = registry.deployed(&at.region, false, at.has_own_bedrock());
            let scorer = LeadScorer {
                gateway: ai_gateway(&aws, tables.clone(), shards.clone(), RuntimeTimer, &models, guardrail),
                providers: Providers { bedrock: Arc::new(BedrockGateway::new(&aws)), openai: None },
                chain: Chain::parse(settings.required("LEAD_SCORING_CHAIN")?, &registry)?,
                price_version: registry.version,
            };
            let store = DynamoStore::new(&aws, tables).with_tenant_keys(keys).with_list_shards(shards);
            let store = Arc::new(store);
            let needs = ScoreLead { store, limiter, scorer };
            Ok(Box::new(score_leads::ScoreLeads { needs }) as Box<dyn Handler>)
        })
    })
}
