//! The usage of an organization in a month, by feature, model, account, API key and variant of an experiment.

use application_core::Error;
use domain::ai::{Feature, Month};
use domain::authority::{Authority, ReadAnalytics};
use domain::id::{AccountId, ApiKeyId};
use ports::{AiUsage, AiUsageSum, AiVariantSum, UsageLine, UsageVariant};
use std::collections::BTreeMap;

/// The most accounts, and the most API keys, that a report lists: the most expensive ones. Of variants it lists as many:
/// those with the most requests.
pub const LISTED: usize = 100;
/// The number of accounts, of API keys and of variants among which those are chosen. An organization can have any number
/// of them, so there must be a limit; a sum has about 300 bytes, so this is three pages of a query.
const RANKED: u32 = 10_000;

/// The usage of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// The month.
    pub month: Month,
    /// The whole usage.
    pub total: AiUsageSum,
    /// By feature. The sums are the total, and so are the sums by model.
    pub features: Vec<(Feature, AiUsageSum)>,
    /// By model and version of the prices.
    pub models: Vec<((String, String), AiUsageSum)>,
    /// The most expensive accounts, in descending order of cost.
    pub accounts: Vec<(AccountId, AiUsageSum)>,
    /// The most expensive API keys, in descending order of cost.
    pub api_keys: Vec<(ApiKeyId, AiUsageSum)>,
    /// The usage of accounts and API keys that are not listed, if there are any.
    pub others: Option<AiUsageSum>,
    /// The requests with an assigned variant, by feature, experiment and variant.
    pub variants: Vec<(UsageVariant, AiVariantSum)>,
}

/// Reads the usage of a month: the lines, the accounts and keys, and the variants at the same time.
pub async fn get_usage(
    usage: &dyn AiUsage,
    authority: &Authority<ReadAnalytics>,
    month: Month,
) -> Result<UsageReport, Error> {
    let tenant = authority.tenant();
    let (lines, askers, variants) = futures_util::future::try_join3(
        usage.lines(tenant, &month),
        usage.askers(tenant, &month, RANKED),
        usage.variants(tenant, &month, RANKED),
    )
    .await?;
    let total = sum(lines.iter().map(|(_, sum)| *sum));
    let mut features: BTreeMap<Feature, AiUsageSum> = BTreeMap::new();
    let mut models: BTreeMap<(String, String), AiUsageSum> = BTreeMap::new();
    for (UsageLine { feature, model, price_version }, sum) in lines {
        let by_feature = features.entry(feature).or_default();
        *by_feature = by_feature.plus(sum);
        let by_model = models.entry((model, price_version)).or_default();
        *by_model = by_model.plus(sum);
    }
    let (accounts, all_accounts) = dearest(askers.accounts);
    let (api_keys, all_api_keys) = dearest(askers.api_keys);
    let listed = accounts.iter().map(|(_, sum)| *sum).chain(api_keys.iter().map(|(_, sum)| *sum));
    let others = total.minus(sum(listed));
    let all = askers.complete && all_accounts && all_api_keys;
    Ok(UsageReport {
        month,
        total,
        features: features.into_iter().collect(),
        models: models.into_iter().collect(),
        accounts,
        api_keys,
        others: (!all).then_some(others),
        variants: most_used(variants),
    })
}

fn sum(sums: impl Iterator<Item = AiUsageSum>) -> AiUsageSum {
    sums.fold(AiUsageSum::default(), AiUsageSum::plus)
}

/// The variants with the most requests, sorted by their names.
fn most_used(mut variants: Vec<(UsageVariant, AiVariantSum)>) -> Vec<(UsageVariant, AiVariantSum)> {
    variants.sort_by(|(one, of_one), (other, of_other)| {
        of_other.usage.requests.cmp(&of_one.usage.requests).then_with(|| one.cmp(other))
    });
    variants.truncate(LISTED);
    variants.sort_by(|(one, _), (other, _)| one.cmp(other));
    variants
}

/// The most expensive ones, of equal cost those with most requests, and whether these are all.
fn dearest<T: Ord>(mut askers: Vec<(T, AiUsageSum)>) -> (Vec<(T, AiUsageSum)>, bool) {
    let all = askers.len() <= LISTED;
    askers.sort_by(|(one, of_one), (other, of_other)| {
        let size = |sum: &AiUsageSum| (sum.cost, sum.requests);
        size(of_other).cmp(&size(of_one)).then_with(|| one.cmp(other))
    });
    askers.truncate(LISTED);
    (askers, all)
}
