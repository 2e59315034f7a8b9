//! The sums that a request belongs to, as items: their sort keys and what a request adds to them, and the way back from
//! an item to a sum. Each sum is one write for every request of it, so a request without a variant has none for that.

use crate::keys::{Item, ItemKey, ai_usage_variant};
use crate::state_item::EXPIRES_AT;
use crate::value::{digits, read_number, read_text, text};
use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::ai::{AiRequestMetered, AssignedVariant, CacheUse, Feature, ModelUsage, RequestOutcome};
use ports::{AiUsageSum, AiVariantSum, StoreError, UsageLine, UsageVariant};
use std::str::FromStr;

pub(super) const COST: &str = "cost";
const FAILED: &str = "failed";
const TIMED: &str = "timed";
const LATENCY: &str = "latency_ms";
const FEATURE: &str = "feature";
const EXPERIMENT: &str = "experiment";
const MODEL: &str = "model";

/// The sum over all requests. Alerts read this sum alone.
pub(super) const TOTAL: &str = "total";
/// The prefix of the other sums' sort keys.
pub(super) const LINE: &str = "line#";
pub(super) const ACCOUNT: &str = "account#";
pub(super) const API_KEY: &str = "api_key#";
pub(super) const VARIANT: &str = "variant#";

/// What a request adds to a sum.
pub(super) struct SumAddition {
    /// The sort key of the sum.
    pub(super) name: String,
    amounts: Vec<(&'static str, u64)>,
    /// The texts of a sum whose sort key has only their hash.
    texts: Vec<(&'static str, String)>,
}

impl SumAddition {
    fn of(name: String, usage: &AiUsageSum) -> Self {
        Self { name, amounts: amounts(usage).to_vec(), texts: Vec::new() }
    }

    fn of_variant(metered: &AiRequestMetered, variant: &AssignedVariant, whole: &AiUsageSum) -> Self {
        // A hit asks no model, and nobody knows how long a presumed request took.
        let timed = metered.attempts > 0 && metered.outcome != RequestOutcome::Presumed;
        let mut amounts = amounts(whole).to_vec();
        amounts.extend([
            (FAILED, u64::from(metered.outcome == RequestOutcome::Failed)),
            (TIMED, u64::from(timed)),
            (LATENCY, if timed { metered.latency_ms } else { 0 }),
        ]);
        let texts = vec![
            (FEATURE, metered.feature.as_str().to_owned()),
            (EXPERIMENT, variant.experiment.clone()),
            (MODEL, variant.model.clone()),
        ];
        Self { name: format!("{VARIANT}{}", ai_usage_variant(metered.feature, variant)), amounts, texts }
    }

    /// The update of the sum's item.
    pub(super) fn update(&self, table: &str, key: ItemKey, expires_at: i64) -> UpdateBuilder {
        let mut set = vec!["#expires_at = :expires_at".to_owned()];
        let mut add = Vec::with_capacity(self.amounts.len());
        let mut update = Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":expires_at", digits(expires_at));
        for (number, (attribute, value)) in self.texts.iter().enumerate() {
            set.push(format!("#t{number} = :t{number}"));
            update = update
                .expression_attribute_names(format!("#t{number}"), *attribute)
                .expression_attribute_values(format!(":t{number}"), text(value));
        }
        for (number, (attribute, amount)) in self.amounts.iter().enumerate() {
            add.push(format!("#{number} :{number}"));
            update = update
                .expression_attribute_names(format!("#{number}"), *attribute)
                .expression_attribute_values(format!(":{number}"), digits(amount));
        }
        update.update_expression(format!("SET {} ADD {}", set.join(", "), add.join(", ")))
    }
}

/// The additions of a request to its sums. Each model has a line, because each has its own prices; the request is counted in
/// the line of the model that answered.
pub(super) fn additions(metered: &AiRequestMetered) -> Result<Vec<SumAddition>, StoreError> {
    let who = match &metered.api_key_id {
        Some(key) => format!("{API_KEY}{key}"),
        None => format!("{ACCOUNT}{}", metered.account_id),
    };
    let models = metered.by_model();
    let parts = models.and_then(|models| {
        models.into_iter().map(|used| part(metered, &used).map(|part| (used.model, part))).collect()
    });
    let parts: Vec<(String, AiUsageSum)> = parts.ok_or(StoreError::Malformed("what each model used"))?;
    let whole = AiUsageSum {
        requests: 1,
        hits: u64::from(metered.cache == CacheUse::Hit),
        presumed: u64::from(metered.outcome == RequestOutcome::Presumed || !metered.unmetered.is_nothing()),
        ..parts.iter().fold(AiUsageSum::default(), |whole, (_, part)| whole.plus(*part))
    };
    let mut sums = vec![SumAddition::of(TOTAL.to_owned(), &whole), SumAddition::of(who, &whole)];
    for (number, (model, sum)) in parts.into_iter().enumerate() {
        let AiUsageSum { requests, hits, presumed, .. } = whole;
        let sum = if number == 0 { AiUsageSum { requests, hits, presumed, ..sum } } else { sum };
        // A model's name comes last, because it may contain the delimiter.
        let name = format!("{LINE}{}#{}#{}", metered.feature.as_str(), metered.price_version, model);
        sums.push(SumAddition::of(name, &sum));
    }
    sums.extend(metered.variant.as_ref().map(|variant| SumAddition::of_variant(metered, variant, &whole)));
    Ok(sums)
}

/// The usage of a model. The usage of a presumed request, or of a call without counts, is unknown, so only its charge
/// is counted. `None` when more calls lack counts than there are.
fn part(metered: &AiRequestMetered, used: &ModelUsage) -> Option<AiUsageSum> {
    let cost = used.cost_nano_usd;
    if metered.outcome == RequestOutcome::Presumed {
        return Some(AiUsageSum { cost, presumed_cost: cost, ..AiUsageSum::default() });
    }
    let tokens = used.metered()?;
    let presumed_cost = used.unmetered.cost_nano_usd;
    (presumed_cost <= cost).then_some(AiUsageSum {
        input_tokens: tokens.input,
        output_tokens: tokens.output,
        cache_read_tokens: tokens.cache_read,
        cache_write_tokens: tokens.cache_write,
        cost,
        presumed_cost,
        ..AiUsageSum::default()
    })
}

/// The line whose sort key has this rest after its prefix.
pub(super) fn read_line(name: &str) -> Option<UsageLine> {
    let (feature, rest) = name.split_once('#')?;
    let (price_version, model) = rest.split_once('#')?;
    Some(UsageLine {
        feature: Feature::from_name(feature)?,
        price_version: price_version.to_owned(),
        model: model.to_owned(),
    })
}

/// The sums of accounts or API keys.
pub(super) fn read_ids<T: FromStr>(
    sums: Vec<(String, AiUsageSum)>,
) -> Result<Vec<(T, AiUsageSum)>, StoreError> {
    let read = |(id, sum): (String, _)| id.parse().ok().map(|id| (id, sum));
    sums.into_iter().map(read).collect::<Option<_>>().ok_or(StoreError::Malformed("who used models"))
}

/// The attributes of a sum, with their values.
fn amounts(usage: &AiUsageSum) -> [(&'static str, u64); 9] {
    [
        ("requests", usage.requests),
        ("hits", usage.hits),
        ("presumed", usage.presumed),
        ("input_tokens", usage.input_tokens),
        ("output_tokens", usage.output_tokens),
        ("cache_read_tokens", usage.cache_read_tokens),
        ("cache_write_tokens", usage.cache_write_tokens),
        (COST, usage.cost),
        ("presumed_cost", usage.presumed_cost),
    ]
}

/// The sum of an item.
pub(super) fn read_sum(item: &Item) -> Result<AiUsageSum, StoreError> {
    Ok(AiUsageSum {
        requests: read_number(item, "requests")?,
        hits: read_number(item, "hits")?,
        presumed: read_number(item, "presumed")?,
        input_tokens: read_number(item, "input_tokens")?,
        output_tokens: read_number(item, "output_tokens")?,
        cache_read_tokens: read_number(item, "cache_read_tokens")?,
        cache_write_tokens: read_number(item, "cache_write_tokens")?,
        cost: read_number(item, COST)?,
        presumed_cost: read_number(item, "presumed_cost")?,
    })
}

/// The variant of an item, and its sum.
pub(super) fn read_variant(item: &Item) -> Result<(UsageVariant, AiVariantSum), StoreError> {
    let feature = Feature::from_name(read_text(item, FEATURE)?).ok_or(StoreError::Malformed(FEATURE))?;
    let variant = AssignedVariant {
        experiment: read_text(item, EXPERIMENT)?.to_owned(),
        model: read_text(item, MODEL)?.to_owned(),
    };
    let sum = AiVariantSum {
        usage: read_sum(item)?,
        failed: read_number(item, FAILED)?,
        timed: read_number(item, TIMED)?,
        latency_ms: read_number(item, LATENCY)?,
    };
    Ok((UsageVariant { feature, variant }, sum))
}
