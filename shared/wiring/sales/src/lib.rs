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
use wiring_ai::Models;

/// The parts of scoring, which asks the models of every provider. `DATA_KEY_ID` must be set.
pub async fn lead_scoring(settings: Settings) -> Result<Configured<ScoreLead>, Source> {
    let models = Models::read(settings).await?;
    let base = models.base();
    let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
    let shards = ListShards::new(Arc::clone(models.configuration()));
    let store = Arc::new(base.store()?.with_tenant_keys(keys).with_list_shards(shards));
    let limiter = models.limiter();
    let conversations = models.completions_for(Feature::LeadScoring)?;
    Configured::following(Arc::clone(models.configuration()), move |_| {
        let needs = conversations.current();
        let providers = Providers {
            bedrock: Arc::clone(&needs.providers.bedrock),
            openai: needs.providers.openai.clone(),
        };
        let scorer = LeadScorer {
            chain: needs.chain.clone(),
            price_version: needs.registry.version.clone(),
            gateway: Arc::clone(&needs.gateway),
            providers,
        };
        Ok(ScoreLead { store: store.clone(), limiter: limiter.clone(), scorer })
    })
}
