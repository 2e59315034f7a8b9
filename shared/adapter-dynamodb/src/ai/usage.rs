//! The usage of a tenant's requests, in the ephemeral table: the sums of a month in one partition, which one query
//! reads, and a mark for each added event, which makes adding happen exactly once. All of it follows from the ledger
//! and could be rebuilt, so it need not be kept for good. A sum is only ever added to. Values that can be summed up
//! when they are read, such as a feature's part, have no sum of their own, because every sum is a write for every
//! request.

use crate::client::client;
use crate::failure::failed;
use crate::keys::{Item, ItemKey, PK, SK, ai_usage_partition};
use crate::patience::Patience;
use crate::state_item::EXPIRES_AT;
use crate::tables::Tables;
use crate::transact::{Actions, must_be_new};
use crate::value::{digits, read_number, read_text, text};
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::ai::{AiRequestMetered, CacheUse, Feature, ModelUsage, Month, RequestOutcome};
use domain::id::OrganizationId;
use futures_util::future::try_join;
use ports::{AiUsage, AiUsageSum, BoxFuture, MeteredRequest, StoreError, UsageByAsker, UsageLine};
use std::str::FromStr;
use std::time::Duration;

const COST: &str = "cost";

/// The sum over all requests. Alerts read this sum alone.
const TOTAL: &str = "total";
/// The prefix of the other sums' sort keys.
const LINE: &str = "line#";
const ACCOUNT: &str = "account#";
const API_KEY: &str = "api_key#";

const DAY_SECONDS: i64 = 24 * 3600;
/// 800 days after the last request of a sum, so that a month can be compared with the same month two years before.
const KEEP_SUMS: i64 = 800 * DAY_SECONDS;
/// Longer than a message can be delivered: the queue and its dead-letter queue keep it for 18 days together.
const KEEP_MARK: i64 = 60 * DAY_SECONDS;

/// The purpose of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UsageItem {
    Mark,
    Sum,
}

/// Sums up usage on DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoAiUsage {
    client: Client,
    table: String,
}

impl DynamoAiUsage {
    /// Sums on the ephemeral table.
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { client: client(config), table: tables.ephemeral }
    }

    async fn add_once(&self, request: &MeteredRequest) -> Result<bool, StoreError> {
        let MeteredRequest { tenant, event_id, at, metered } = request;
        let (month, mut actions) = (Month::of(*at), Actions::new());
        let mut mark = ItemKey::ai_metered(*tenant, *event_id).attributes();
        mark.insert(EXPIRES_AT.to_owned(), digits(at.seconds().saturating_add(KEEP_MARK)));
        actions.put(UsageItem::Mark, must_be_new(&self.table), mark)?;
        let expires_at = at.seconds().saturating_add(KEEP_SUMS);
        for (name, usage) in sums(metered)? {
            let key = ItemKey::ai_usage(*tenant, &month, name);
            actions.update(UsageItem::Sum, add(&self.table, key, &usage, expires_at))?;
        }
        // All requests of a tenant change the same sums, so simultaneous consumers must wait for each other.
        let refused = actions.send(&self.client, Patience::new(32, Duration::from_secs(5))).await?;
        Ok(refused.is_empty())
    }

    async fn read_cost(&self, tenant: OrganizationId, month: &Month) -> Result<u64, StoreError> {
        let key = ItemKey::ai_usage(tenant, month, TOTAL.to_owned()).attributes();
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        match get.send().await {
            Ok(answer) => answer.item.map_or(Ok(0), |item| read_number(&item, COST)),
            Err(error) => Err(failed("GetItem", error)),
        }
    }

    async fn read_lines(
        &self,
        tenant: OrganizationId,
        month: &Month,
    ) -> Result<Vec<(UsageLine, AiUsageSum)>, StoreError> {
        let (found, _) = self.read_sums(tenant, month, LINE, None).await?;
        let read = |(name, sum): (String, _)| read_line(&name).map(|line| (line, sum));
        let lines: Option<Vec<_>> = found.into_iter().map(read).collect();
        let mut lines = lines.ok_or(StoreError::Malformed("a line of usage"))?;
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(lines)
    }

    async fn read_askers(
        &self,
        tenant: OrganizationId,
        month: &Month,
        most: u32,
    ) -> Result<UsageByAsker, StoreError> {
        let (accounts, api_keys) = try_join(
            self.read_sums(tenant, month, ACCOUNT, Some(most)),
            self.read_sums(tenant, month, API_KEY, Some(most)),
        )
        .await?;
        Ok(UsageByAsker {
            complete: accounts.1 && api_keys.1,
            accounts: read_ids(accounts.0)?,
            api_keys: read_ids(api_keys.0)?,
        })
    }

    /// At most `most` sums whose names begin with `kind`, by the rest of their names, and whether these are all.
    async fn read_sums(
        &self,
        tenant: OrganizationId,
        month: &Month,
        kind: &str,
        most: Option<u32>,
    ) -> Result<(Vec<(String, AiUsageSum)>, bool), StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        let most = most.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        loop {
            // One more than asked for says whether there are more.
            let left = most.map(|most| most.saturating_sub(found.len()).saturating_add(1));
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :kind)")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":pk", ai_usage_partition(tenant, month))
                .expression_attribute_values(":kind", text(kind))
                .set_limit(left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(after);
            let page = match query.send().await {
                Ok(page) => page,
                Err(error) => return Err(failed("Query", error)),
            };
            for item in page.items.unwrap_or_default() {
                let name = read_text(&item, SK)?;
                let name = name.strip_prefix(kind).ok_or(StoreError::Malformed("a sum of usage"))?;
                found.push((name.to_owned(), read_sum(&item)?));
            }
            if let Some(most) = most.filter(|most| found.len() > *most) {
                found.truncate(most);
                return Ok((found, false));
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok((found, true));
            }
        }
    }
}

impl AiUsage for DynamoAiUsage {
    fn add<'a>(&'a self, request: &'a MeteredRequest) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.add_once(request))
    }

    fn month_cost<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.read_cost(tenant, month))
    }

    fn lines<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<Vec<(UsageLine, AiUsageSum)>, StoreError>> {
        Box::pin(self.read_lines(tenant, month))
    }

    fn askers<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
        most: u32,
    ) -> BoxFuture<'a, Result<UsageByAsker, StoreError>> {
        Box::pin(self.read_askers(tenant, month, most))
    }
}

/// The sort keys of every sum that a request belongs to, with the amounts to add. Each model has a line, because each
/// has its own prices; the request is counted in the line of the model that answered.
fn sums(metered: &AiRequestMetered) -> Result<Vec<(String, AiUsageSum)>, StoreError> {
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
    let mut sums = vec![(TOTAL.to_owned(), whole), (who, whole)];
    for (number, (model, sum)) in parts.into_iter().enumerate() {
        let AiUsageSum { requests, hits, presumed, .. } = whole;
        let sum = if number == 0 { AiUsageSum { requests, hits, presumed, ..sum } } else { sum };
        // A model's name comes last, because it may contain the delimiter.
        let name = format!("{LINE}{}#{}#{}", metered.feature.as_str(), metered.price_version, model);
        sums.push((name, sum));
    }
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

fn read_line(name: &str) -> Option<UsageLine> {
    let (feature, rest) = name.split_once('#')?;
    let (price_version, model) = rest.split_once('#')?;
    Some(UsageLine {
        feature: Feature::from_name(feature)?,
        price_version: price_version.to_owned(),
        model: model.to_owned(),
    })
}

fn read_ids<T: FromStr>(sums: Vec<(String, AiUsageSum)>) -> Result<Vec<(T, AiUsageSum)>, StoreError> {
    let read = |(id, sum): (String, _)| id.parse().ok().map(|id| (id, sum));
    sums.into_iter().map(read).collect::<Option<_>>().ok_or(StoreError::Malformed("who used models"))
}

/// The attributes of a sum, in the order of the expression below.
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

fn add(table: &str, key: ItemKey, usage: &AiUsageSum, expires_at: i64) -> UpdateBuilder {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .update_expression(
            "SET #expires_at = :expires_at ADD #0 :0, #1 :1, #2 :2, #3 :3, #4 :4, #5 :5, #6 :6, #7 :7, #8 :8",
        )
        .expression_attribute_names("#expires_at", EXPIRES_AT)
        .expression_attribute_values(":expires_at", digits(expires_at));
    amounts(usage).into_iter().enumerate().fold(update, |update, (number, (attribute, amount))| {
        update
            .expression_attribute_names(format!("#{number}"), attribute)
            .expression_attribute_values(format!(":{number}"), digits(amount))
    })
}

fn read_sum(item: &Item) -> Result<AiUsageSum, StoreError> {
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
