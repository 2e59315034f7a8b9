//! Builds the AI gateway on its state, for every function that asks models.

use super::DynamoAiState;
use crate::limiter::DynamoLimiter;
use crate::shards::ListShards;
use crate::tables::Tables;
use adapter_aws::SdkConfig;
use application::ai::{AiGateway, Registry};
use application::ports::{Guardrail, Timer};
use std::sync::Arc;

/// A gateway with its budgets, limits, cached completions and breakers in these tables, and with the models and prices
/// of this registry. `guardrail` applies to conversations, not to embeddings.
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
