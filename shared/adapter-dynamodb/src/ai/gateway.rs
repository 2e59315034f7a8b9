//! The AI gateway on its state: what every function that asks models begins with.

use super::DynamoAiState;
use crate::limiter::DynamoLimiter;
use crate::shards::ListShards;
use crate::tables::Tables;
use adapter_aws::SdkConfig;
use application_ai::{AiGateway, Registry};
use ports::{Guardrail, Timer};
use std::sync::Arc;

/// A gateway whose budgets, limits, answers and breakers are in these tables, and whose models and prices in this registry;
/// `guardrail` stands around conversations, not around embeddings.
pub fn ai_gateway(
    config: &SdkConfig,
    tables: Tables,
    shards: ListShards,
    timer: impl Timer + 'static,
    registry: &Registry,
    guardrail: Option<Guardrail>,
) -> Arc<AiGateway> {
    let limiter = Arc::new(DynamoLimiter::new(config, tables.ephemeral.clone()));
    let state = Arc::new(DynamoAiState::new(config, tables).with_shards(shards));
    let gateway = AiGateway::new(state, limiter, Arc::new(timer), registry.clone());
    Arc::new(gateway.with_guardrail(guardrail))
}
