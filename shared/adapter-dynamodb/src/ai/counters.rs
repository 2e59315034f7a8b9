//! The counters of a tenant's budgets, by month or day, in nano-dollars: `committed` is the amount set aside and spent,
//! `settled` the amount spent. A tenant with many requests has several of each, called shards, and each shard has its
//! part of the limit. A counter is only ever added to.

use crate::keys::{Item, ItemKey};
use crate::state_item::EXPIRES_AT;
use crate::value::digits;
use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::Timestamp;
use domain::ai::{Feature, Limits};
use domain::id::{AccountId, OrganizationId};
use ports::{BudgetScope, Reservation, SpentAmounts, StoreError};

const COMMITTED: &str = "committed";
const SETTLED: &str = "settled";

const DAY_SECONDS: i64 = 24 * 3600;
/// 100 days after its month, for reports on the quarter before.
const KEEP_MONTH: i64 = (31 + 100) * DAY_SECONDS;
/// 40 days after its day.
const KEEP_DAY: i64 = (1 + 40) * DAY_SECONDS;

/// A counter.
#[derive(Debug)]
pub(super) struct BudgetCounter {
    /// The budget it counts for.
    pub(super) scope: BudgetScope,
    /// Its key.
    pub(super) key: ItemKey,
    expires_at: i64,
}

impl BudgetCounter {
    /// The spending of the tenant in the month of `at`.
    pub(super) fn tenant_month(tenant: OrganizationId, at: Timestamp, shard: u32) -> Self {
        Self::of_month(BudgetScope::TenantMonth, tenant, "", at, shard)
    }

    /// The spending of the tenant on the day of `at`.
    pub(super) fn tenant_day(tenant: OrganizationId, at: Timestamp, shard: u32) -> Self {
        Self::of_day(BudgetScope::TenantDay, tenant, "", at, shard)
    }

    /// The spending of the account on the day of `at`.
    pub(super) fn user_day(tenant: OrganizationId, account: AccountId, at: Timestamp, shard: u32) -> Self {
        Self::of_day(BudgetScope::UserDay, tenant, &account.to_string(), at, shard)
    }

    /// The spending of the feature in the month of `at`.
    pub(super) fn feature_month(tenant: OrganizationId, feature: Feature, at: Timestamp, shard: u32) -> Self {
        Self::of_month(BudgetScope::FeatureMonth, tenant, feature.as_str(), at, shard)
    }

    /// All counters to which a reservation in this shard is charged.
    pub(super) fn of(reservation: &Reservation, shard: u32) -> [Self; 4] {
        let (tenant, at) = (reservation.tenant, reservation.began());
        [
            Self::tenant_month(tenant, at, shard),
            Self::tenant_day(tenant, at, shard),
            Self::user_day(tenant, reservation.account(), at, shard),
            Self::feature_month(tenant, reservation.feature(), at, shard),
        ]
    }

    fn of_month(scope: BudgetScope, tenant: OrganizationId, whose: &str, at: Timestamp, shard: u32) -> Self {
        let key = ItemKey::ai_spent(tenant, scope, whose, shard, first(&at, "YYYY-MM".len()));
        Self { scope, key, expires_at: at.seconds().saturating_add(KEEP_MONTH) }
    }

    fn of_day(scope: BudgetScope, tenant: OrganizationId, whose: &str, at: Timestamp, shard: u32) -> Self {
        let key = ItemKey::ai_spent(tenant, scope, whose, shard, first(&at, "YYYY-MM-DD".len()));
        Self { scope, key, expires_at: at.seconds().saturating_add(KEEP_DAY) }
    }

    /// Sets `amount` aside, if at most `room` is committed before.
    pub(super) fn set_aside(&self, table: &str, amount: u64, room: Option<u64>) -> UpdateBuilder {
        let update = self
            .update(table, i128::from(amount))
            .update_expression("SET #expires_at = :expires_at ADD #committed :committed");
        match room {
            Some(room) => update
                .condition_expression("attribute_not_exists(#committed) OR #committed <= :room")
                .expression_attribute_values(":room", digits(room)),
            None => update,
        }
    }

    /// Charges `cost` for a reservation of `bound`. A cost above the bound is charged completely.
    pub(super) fn charge(&self, table: &str, cost: u64, bound: u64) -> UpdateBuilder {
        self.update(table, i128::from(cost) - i128::from(bound))
            .update_expression("SET #expires_at = :expires_at ADD #committed :committed, #settled :settled")
            .expression_attribute_names("#settled", SETTLED)
            .expression_attribute_values(":settled", digits(cost))
    }

    fn update(&self, table: &str, committed: i128) -> UpdateBuilder {
        Update::builder()
            .table_name(table)
            .set_key(Some(self.key.attributes()))
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_names("#committed", COMMITTED)
            .expression_attribute_values(":expires_at", digits(self.expires_at))
            .expression_attribute_values(":committed", digits(committed))
    }
}

/// The first characters of a timestamp: its month or its day, UTC.
fn first(at: &Timestamp, length: usize) -> String {
    at.to_string().chars().take(length).collect()
}

/// Reads a counter.
pub(super) fn read_counter(item: &Item) -> Result<SpentAmounts, StoreError> {
    Ok(SpentAmounts { committed: read_amount(item, COMMITTED)?, settled: read_amount(item, SETTLED)? })
}

/// An amount, or 0 when it was never counted.
fn read_amount(item: &Item, name: &'static str) -> Result<u64, StoreError> {
    match item.get(name) {
        None => Ok(0),
        Some(value) => {
            value.as_n().ok().and_then(|digits| digits.parse().ok()).ok_or(StoreError::Malformed(name))
        }
    }
}

/// The limit of a budget; a feature may have none.
pub(super) fn limit(limits: &Limits, scope: BudgetScope, feature: Feature) -> Option<u64> {
    match scope {
        BudgetScope::TenantMonth => Some(limits.tenant_month),
        BudgetScope::TenantDay => Some(limits.tenant_day),
        BudgetScope::UserDay => Some(limits.user_day),
        BudgetScope::FeatureMonth => limits.feature_month.get(&feature).copied(),
    }
}

/// A shard's part of a limit. The parts of all shards are the limit.
pub(super) fn part(limit: u64, shards: u32, shard: u32) -> u64 {
    let shards = u64::from(shards.max(1));
    let rest = if shard == 0 { limit % shards } else { 0 };
    limit / shards + rest
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn the_parts_of_all_shards_are_the_limit() {
        for (limit, shards) in [(0, 3), (1, 3), (100, 1), (100, 7), (u64::MAX, 64)] {
            let parts: u64 = (0..shards).map(|shard| part(limit, shards, shard)).sum();
            assert_eq!(parts, limit, "{shards}");
        }
    }
}
