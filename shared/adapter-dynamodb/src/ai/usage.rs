//! The usage of a tenant's requests, in the ephemeral table: the sums of a month in one partition, which one query
//! reads, and a mark for each added event, which makes adding happen exactly once. All of it follows from the ledger
//! and could be rebuilt, so it need not be kept for good. A sum is only ever added to. Values that can be summed up
//! when they are read, such as a feature's part, have no sum of their own, because every sum is a write for every
//! request.

use super::usage_sums::{
    ACCOUNT, API_KEY, COST, LINE, TOTAL, VARIANT, additions, read_ids, read_line, read_sum, read_variant,
};
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
use domain::ai::Month;
use domain::id::OrganizationId;
use futures_util::future::try_join;
use ports::{
    AiUsage, AiUsageSum, AiVariantSum, BoxFuture, MeteredRequest, StoreError, UsageByAsker, UsageLine,
    UsageVariant,
};
use std::time::Duration;

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
        for addition in additions(metered)? {
            let key = ItemKey::ai_usage(*tenant, &month, addition.name.clone());
            actions.update(UsageItem::Sum, addition.update(&self.table, key, expires_at))?;
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

    async fn read_variants(
        &self,
        tenant: OrganizationId,
        month: &Month,
        most: u32,
    ) -> Result<Vec<(UsageVariant, AiVariantSum)>, StoreError> {
        let (items, _) = self.read_items(tenant, month, VARIANT, Some(most)).await?;
        items.iter().map(read_variant).collect()
    }

    /// At most `most` sums whose names begin with `kind`, by the rest of their names, and whether these are all.
    async fn read_sums(
        &self,
        tenant: OrganizationId,
        month: &Month,
        kind: &str,
        most: Option<u32>,
    ) -> Result<(Vec<(String, AiUsageSum)>, bool), StoreError> {
        let (items, complete) = self.read_items(tenant, month, kind, most).await?;
        let read = |item: &Item| {
            let name = read_text(item, SK)?.strip_prefix(kind);
            Ok((name.ok_or(StoreError::Malformed("a sum of usage"))?.to_owned(), read_sum(item)?))
        };
        Ok((items.iter().map(read).collect::<Result<_, StoreError>>()?, complete))
    }

    /// At most `most` items whose names begin with `kind`, and whether these are all.
    async fn read_items(
        &self,
        tenant: OrganizationId,
        month: &Month,
        kind: &str,
        most: Option<u32>,
    ) -> Result<(Vec<Item>, bool), StoreError> {
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
            found.extend(page.items.unwrap_or_default());
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

    fn variants<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<(UsageVariant, AiVariantSum)>, StoreError>> {
        Box::pin(self.read_variants(tenant, month, most))
    }
}
