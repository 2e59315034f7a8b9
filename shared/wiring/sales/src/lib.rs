//! The wiring that functions of sales share.

use adapter_dynamodb::ListShards;
use adapter_kms::KmsTenantKeys;
use application_ai::Providers;
use application_core::Configured;
use application_sales::{LeadScorer, ScoreLead};
use domain::ai::Feature;
use edge::Settings;
use ports::Source;
use std::sync::Arc;
use wiring_ai::BedrockModels;

/// The parts of scoring. `DATA_KEY_ID` must be set.
pub async fn lead_scoring(settings: Settings) -> Result<Configured<ScoreLead>, Source> {
    let models = BedrockModels::read(settings).await?;
    let base = &models.base;
    let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
    let shards = ListShards::new(Arc::clone(&models.configuration));
    let store = Arc::new(base.store()?.with_tenant_keys(keys).with_list_shards(shards));
    Configured::following(Arc::clone(&models.configuration), move |configuration| {
        let scorer = LeadScorer {
            chain: models.chain(configuration, Feature::LeadScoring),
            price_version: models.price_version(),
            gateway: models.gateway(configuration),
            providers: Providers { bedrock: models.bedrock.clone(), openai: None },
        };
        Ok(ScoreLead { store: store.clone(), limiter: models.limiter.clone(), scorer })
    })
}
