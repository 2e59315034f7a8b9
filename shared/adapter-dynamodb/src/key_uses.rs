//! The last uses of API keys: one small item for each key, in one partition for each tenant, so that a page of keys
//! takes one query. A use is written at most once an hour, by any process; each process remembers the uses that it
//! knows, so that most uses cost no call.

use crate::client::client;
use crate::failure::{failed, given_up};
use crate::keys::{ItemKey, PK, SK, key_uses_partition};
use crate::state_item::EXPIRES_AT;
use crate::value::{digits, read_number, read_parsed, text};
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::Timestamp;
use domain::id::{ApiKeyId, OrganizationId};
use ports::{BoxFuture, KEY_USE_SECONDS, KeyUses, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The time of the last use, Unix milliseconds.
const USED_AT: &str = "used_at";
/// No key lives longer than a year, so the last use of a valid key is always there.
const KEEP_SECONDS: i64 = 400 * 24 * 3600;
/// How long a request waits for the write of its use.
const PATIENCE: Duration = Duration::from_millis(500);
/// The number of keys that the process remembers; then it forgets all and begins anew.
const MOST_REMEMBERED: usize = 4096;

/// The last uses of keys, on DynamoDB.
pub struct DynamoKeyUses {
    client: Client,
    table: String,
    remembered: Mutex<HashMap<ApiKeyId, Timestamp>>,
}

impl fmt::Debug for DynamoKeyUses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoKeyUses").field("table", &self.table).finish_non_exhaustive()
    }
}

impl DynamoKeyUses {
    /// Uses on the ephemeral table.
    pub fn new(config: &SdkConfig, ephemeral_table: String) -> Self {
        Self { client: client(config), table: ephemeral_table, remembered: Mutex::default() }
    }

    async fn write(&self, tenant: OrganizationId, key: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let fresh = now.plus_seconds(-KEY_USE_SECONDS);
        if self.remembered().get(&key).is_some_and(|used| *used > fresh) {
            return Ok(());
        }
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(ItemKey::key_use(tenant, key).attributes()))
            .update_expression("SET #used_at = :now, #expires_at = :expires_at")
            .condition_expression("attribute_not_exists(#used_at) OR #used_at <= :fresh")
            .expression_attribute_names("#used_at", USED_AT)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", digits(now.millis()))
            .expression_attribute_values(":fresh", digits(fresh.millis()))
            .expression_attribute_values(":expires_at", digits(now.plus_seconds(KEEP_SECONDS).seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let used = match tokio::time::timeout(PATIENCE, update.send()).await {
            Err(_elapsed) => return Err(given_up("UpdateItem", "no answer in time")),
            Ok(Ok(_)) => now,
            Ok(Err(error)) => match error.as_service_error() {
                // Another process wrote it.
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    let found = refused.item().and_then(|item| read_number(item, USED_AT).ok());
                    found.map_or(now, Timestamp::from_millis)
                }
                _ => return Err(failed("UpdateItem", error)),
            },
        };
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED && !remembered.contains_key(&key) {
            remembered.clear();
        }
        remembered.insert(key, used);
        Ok(())
    }

    /// The keys of a page are next to each other: their ids are ordered by time, like the list.
    async fn read(
        &self,
        tenant: OrganizationId,
        keys: &[ApiKeyId],
        now: Timestamp,
    ) -> Result<BTreeMap<ApiKeyId, Timestamp>, StoreError> {
        let (Some(first), Some(last)) = (keys.iter().min(), keys.iter().max()) else {
            return Ok(BTreeMap::new());
        };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .filter_expression("#expires_at > :now")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":pk", key_uses_partition(tenant))
            .expression_attribute_values(":first", text(first.to_string()))
            .expression_attribute_values(":last", text(last.to_string()))
            .expression_attribute_values(":now", digits(now.seconds()));
        let page = match query.send().await {
            Ok(page) => page,
            Err(error) => return Err(failed("Query", error)),
        };
        page.items
            .unwrap_or_default()
            .iter()
            .map(|item| {
                let used = Timestamp::from_millis(read_number(item, USED_AT)?);
                Ok((read_parsed(item, SK)?, used))
            })
            .collect()
    }

    /// The memory only saves calls, so it is still good after a panic of another holder.
    fn remembered(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Timestamp>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyUses for DynamoKeyUses {
    fn note(
        &self,
        tenant: OrganizationId,
        key: ApiKeyId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(tenant, key, now))
    }

    fn last<'a>(
        &'a self,
        tenant: OrganizationId,
        keys: &'a [ApiKeyId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<BTreeMap<ApiKeyId, Timestamp>, StoreError>> {
        Box::pin(self.read(tenant, keys, now))
    }
}
