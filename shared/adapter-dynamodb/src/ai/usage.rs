//! What a tenant's requests used, on the ephemeral table: the sums of a month in one partition, which one query reads, and
//! a mark for each event that was added, which makes adding exactly once. All of it follows from the ledger and could be
//! made anew, so it need not be kept for ever as states are. A sum is only ever added to.

use crate::failure::failed;
use crate::keys::{Item, ItemKey, PK, SK, ai_usage_partition};
use crate::patience::Patience;
use crate::state_item::EXPIRES_AT;
use crate::tables::Tables;
use crate::transact::{Actions, must_be_new};
use crate::value::{digits, read_text};
use adapter_aws::SdkConfig;
use application::ports::{AiUsage, AiUsageSum, BoxFuture, MeteredRequest, StoreError, UsageOf};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::ai::{AiRequestMetered, CacheUse, Month};
use domain::id::OrganizationId;
use std::time::Duration;

const REQUESTS: &str = "requests";
const HITS: &str = "hits";
const INPUT_TOKENS: &str = "input_tokens";
const OUTPUT_TOKENS: &str = "output_tokens";
const COST: &str = "cost";

const DAY_SECONDS: i64 = 24 * 3600;
/// Sums: so that a month can be compared with the same one of two years before.
const KEEP_SUMS: i64 = 800 * DAY_SECONDS;
/// Marks: longer than a message can be delivered. The queue and its dead-letter queue keep it for 18 days together.
const KEEP_MARK: i64 = 60 * DAY_SECONDS;

/// What an action of a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
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
    /// AiUsageSum on the ephemeral table.
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { client: Client::new(config), table: tables.ephemeral }
    }

    async fn add_once(&self, request: &MeteredRequest) -> Result<bool, StoreError> {
        let MeteredRequest { tenant, event_id, at, metered } = request;
        let (month, mut actions) = (Month::of(*at), Actions::new());
        let mut mark = ItemKey::ai_metered(*tenant, *event_id).attributes();
        mark.insert(EXPIRES_AT.to_owned(), digits(at.seconds().saturating_add(KEEP_MARK)));
        actions.put(Purpose::Mark, must_be_new(&self.table), mark)?;
        let usage = usage_of(metered);
        let expires_at = at.seconds().saturating_add(KEEP_SUMS);
        for of in sums_of(metered) {
            let key = ItemKey::ai_usage(*tenant, &month, name(&of));
            actions.update(Purpose::Sum, add(&self.table, key, &usage, expires_at))?;
        }
        // Requests of a tenant change the same sums, so several consumers at once must wait for each other.
        let refused = actions.send(&self.client, Patience::new(32, Duration::from_secs(5))).await?;
        Ok(refused.is_empty())
    }

    async fn read_cost(&self, tenant: OrganizationId, month: &Month) -> Result<u64, StoreError> {
        let key = ItemKey::ai_usage(tenant, month, name(&UsageOf::Total)).attributes();
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        match get.send().await {
            Ok(answer) => answer.item.map_or(Ok(0), |item| read_sum(&item, COST)),
            Err(error) => Err(failed("GetItem", error)),
        }
    }

    async fn read_month(
        &self,
        tenant: OrganizationId,
        month: &Month,
    ) -> Result<Vec<(UsageOf, AiUsageSum)>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":pk", ai_usage_partition(tenant, month))
                .set_exclusive_start_key(after);
            let page = match query.send().await {
                Ok(page) => page,
                Err(error) => return Err(failed("Query", error)),
            };
            for item in page.items.unwrap_or_default() {
                found.push(read_usage(&item)?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                found.sort_by(|one, other| one.0.cmp(&other.0));
                return Ok(found);
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

    fn month<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<Vec<(UsageOf, AiUsageSum)>, StoreError>> {
        Box::pin(self.read_month(tenant, month))
    }
}

/// Every sum that a request is part of.
fn sums_of(metered: &AiRequestMetered) -> [UsageOf; 5] {
    let who = match &metered.api_key_id {
        Some(key) => UsageOf::ApiKey(key.to_string()),
        None => UsageOf::Account(metered.account_id.to_string()),
    };
    [
        UsageOf::Total,
        UsageOf::Feature(metered.feature.as_str().to_owned()),
        UsageOf::Model(metered.model.clone()),
        who,
        UsageOf::PriceVersion(metered.price_version.clone()),
    ]
}

fn usage_of(metered: &AiRequestMetered) -> AiUsageSum {
    let tokens = &metered.tokens;
    AiUsageSum {
        requests: 1,
        hits: u64::from(metered.cache == CacheUse::Hit),
        input_tokens: tokens.input.saturating_add(tokens.cache_read).saturating_add(tokens.cache_write),
        output_tokens: tokens.output,
        cost: metered.cost_nano_usd,
    }
}

/// The sort key of a sum. What comes last may hold anything: nothing follows it.
fn name(of: &UsageOf) -> String {
    match of {
        UsageOf::Total => "total".to_owned(),
        UsageOf::Feature(feature) => format!("feature#{feature}"),
        UsageOf::Model(model) => format!("model#{model}"),
        UsageOf::Account(account) => format!("account#{account}"),
        UsageOf::ApiKey(key) => format!("api_key#{key}"),
        UsageOf::PriceVersion(version) => format!("price_version#{version}"),
    }
}

fn read_name(name: &str) -> Option<UsageOf> {
    match name.split_once('#') {
        None => (name == "total").then_some(UsageOf::Total),
        Some((kind, whose)) => {
            let whose = whose.to_owned();
            Some(match kind {
                "feature" => UsageOf::Feature(whose),
                "model" => UsageOf::Model(whose),
                "account" => UsageOf::Account(whose),
                "api_key" => UsageOf::ApiKey(whose),
                "price_version" => UsageOf::PriceVersion(whose),
                _ => return None,
            })
        }
    }
}

fn add(table: &str, key: ItemKey, usage: &AiUsageSum, expires_at: i64) -> UpdateBuilder {
    let AiUsageSum { requests, hits, input_tokens, output_tokens, cost } = *usage;
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .update_expression(
            "SET #expires_at = :expires_at ADD #requests :requests, #hits :hits, #input :input, #output :output, \
             #cost :cost",
        )
        .expression_attribute_names("#expires_at", EXPIRES_AT)
        .expression_attribute_values(":expires_at", digits(expires_at));
    [
        ("#requests", REQUESTS, ":requests", requests),
        ("#hits", HITS, ":hits", hits),
        ("#input", INPUT_TOKENS, ":input", input_tokens),
        ("#output", OUTPUT_TOKENS, ":output", output_tokens),
        ("#cost", COST, ":cost", cost),
    ]
    .into_iter()
    .fold(update, |update, (name, attribute, value, amount)| {
        update.expression_attribute_names(name, attribute).expression_attribute_values(value, digits(amount))
    })
}

fn read_usage(item: &Item) -> Result<(UsageOf, AiUsageSum), StoreError> {
    let of = read_name(read_text(item, SK)?).ok_or(StoreError::Malformed("a sum of usage"))?;
    let usage = AiUsageSum {
        requests: read_sum(item, REQUESTS)?,
        hits: read_sum(item, HITS)?,
        input_tokens: read_sum(item, INPUT_TOKENS)?,
        output_tokens: read_sum(item, OUTPUT_TOKENS)?,
        cost: read_sum(item, COST)?,
    };
    Ok((of, usage))
}

fn read_sum(item: &Item, name: &'static str) -> Result<u64, StoreError> {
    crate::value::read_number(item, name)
}
