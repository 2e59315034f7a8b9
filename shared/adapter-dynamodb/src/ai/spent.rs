//! The amounts spent, over all shards.

use super::DynamoAiState;
use super::counters::{BudgetCounter, read_counter};
use crate::batch::get_many;
use crate::keys::{Item, ItemKey};
use domain::Timestamp;
use domain::ai::Feature;
use domain::id::{AccountId, OrganizationId};
use ports::{SpentAmounts, SpentByScope, StoreError};
use std::collections::HashMap;

impl DynamoAiState {
    /// One batch read for each hundred counters; a tenant has ten for each shard.
    pub(super) async fn read_spent(
        &self,
        tenant: OrganizationId,
        account: AccountId,
        at: Timestamp,
    ) -> Result<SpentByScope, StoreError> {
        let shards = self.shards.to_read(tenant);
        let month: Vec<_> = (0..shards).map(|shard| BudgetCounter::tenant_month(tenant, at, shard)).collect();
        let day: Vec<_> = (0..shards).map(|shard| BudgetCounter::tenant_day(tenant, at, shard)).collect();
        let user: Vec<_> =
            (0..shards).map(|shard| BudgetCounter::user_day(tenant, account, at, shard)).collect();
        let features: Vec<(Feature, Vec<_>)> = Feature::ALL
            .into_iter()
            .map(|feature| {
                let shards =
                    (0..shards).map(|shard| BudgetCounter::feature_month(tenant, feature, at, shard));
                (feature, shards.collect())
            })
            .collect();
        let all = month.iter().chain(&day).chain(&user).chain(features.iter().flat_map(|(_, all)| all));
        let wanted = all.map(|counter| (self.tables.ephemeral.as_str(), counter.key.clone())).collect();
        let items = get_many(&self.client, wanted).await?;
        let mut feature_month = Vec::new();
        for (feature, counters) in &features {
            let spent = sum(counters, &items)?;
            if spent != SpentAmounts::default() {
                feature_month.push((*feature, spent));
            }
        }
        Ok(SpentByScope {
            tenant_month: sum(&month, &items)?,
            tenant_day: sum(&day, &items)?,
            user_day: sum(&user, &items)?,
            feature_month,
        })
    }
}

fn sum(counters: &[BudgetCounter], items: &HashMap<ItemKey, Item>) -> Result<SpentAmounts, StoreError> {
    let mut sum = SpentAmounts::default();
    for item in counters.iter().filter_map(|counter| items.get(&counter.key)) {
        let spent = read_counter(item)?;
        sum.committed = sum.committed.saturating_add(spent.committed);
        sum.settled = sum.settled.saturating_add(spent.settled);
    }
    Ok(sum)
}
