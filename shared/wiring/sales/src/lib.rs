//! The wiring that functions of sales share.

use adapter_dynamodb::{DynamoLimiter, DynamoStore};
use adapter_kms::KmsTenantKeys;
use application_ai::Providers;
use application_sales::{LeadScorer, ScoreLead};
use edge::Settings;
use ports::Source;
use std::sync::Arc;
use wiring_ai::BedrockModels;

/// The ports of scoring. `DATA_KEY_ID` and `LEAD_SCORING_CHAIN` must be set.
pub fn lead_scoring(settings: &Settings) -> Result<ScoreLead, Source> {
    let models = BedrockModels::read(settings)?;
    let scorer = LeadScorer {
        chain: models.chain(settings, "LEAD_SCORING_CHAIN")?,
        price_version: models.price_version(),
        gateway: models.gateway,
        providers: Providers { bedrock: models.bedrock, openai: None },
    };
    let keys = Arc::new(KmsTenantKeys::new(&models.aws, settings.required("DATA_KEY_ID")?));
    let limiter = Arc::new(DynamoLimiter::new(&models.aws, models.tables.ephemeral.clone()));
    let store = DynamoStore::new(&models.aws, models.tables);
    let store = Arc::new(store.with_tenant_keys(keys).with_list_shards(models.shards));
    Ok(ScoreLead { store, limiter, scorer })
}
