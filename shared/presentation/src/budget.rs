//! Budgets for models.

use contracts::ai::Budget;
use domain::Timestamp;
use domain::ai::{Feature, Limits, decimal_usd};
use std::collections::BTreeMap;

/// A budget; version 0 is that of an organization that never changed it.
pub fn budget(limits: &Limits, version: u64, updated_at: Option<Timestamp>) -> Budget {
    Budget {
        tenant_month_usd: decimal_usd(limits.tenant_month),
        tenant_day_usd: decimal_usd(limits.tenant_day),
        user_day_usd: decimal_usd(limits.user_day),
        feature_month_usd: feature_dollars(
            limits.feature_month.iter().map(|(feature, nano)| (*feature, *nano)),
        ),
        expected_month_usd: decimal_usd(limits.expected_month),
        allowed_models: limits.allowed_models.as_ref().map(|models| models.iter().cloned().collect()),
        chains: limits
            .chains
            .iter()
            .map(|(feature, steps)| (feature.as_str().to_owned(), steps.clone()))
            .collect(),
        mask_personal_data: limits.mask_personal_data,
        version,
        updated_at: updated_at.map(|at| at.to_string()),
    }
}

/// Amounts in dollars by feature.
pub fn feature_dollars(amounts: impl Iterator<Item = (Feature, u64)>) -> BTreeMap<String, String> {
    amounts.map(|(feature, nano)| (feature.as_str().to_owned(), decimal_usd(nano))).collect()
}
