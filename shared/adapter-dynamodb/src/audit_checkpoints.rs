//! Checkpoints of audit logs: an item with the last one beside each log, and a mark for each organization whose log has
//! grown since then, spread over some partitions. `record-audit` makes the mark with the first entry after a checkpoint,
//! in the same transaction, so that no log is forgotten and a busy one writes its mark once.

use crate::audit_log::{CHECKPOINTED, DynamoAuditLog, SEQUENCE};
use crate::failure::failed;
use crate::keys::{ItemKey, PK, SK, audit_grown_partition};
use crate::value::{binary, digits, read_binary, read_number, read_parsed, read_text, text};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use domain::id::OrganizationId;
use ports::{AuditCheckpoints, BoxFuture, LogState, StoreError, StoredCheckpoint};

const COUNT: &str = "count";
const HASH: &str = "hash";
const FILE: &str = "file";
/// Whether the file was written: 0 or 1.
const WRITTEN: &str = "written";

impl DynamoAuditLog {
    async fn read_grown(
        &self,
        shard: u32,
        after: Option<OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        let start = after.map(|tenant| ItemKey::audit_grown_at(shard, tenant).attributes());
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", audit_grown_partition(shard))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let page = match query.send().await {
            Ok(page) => page,
            Err(error) => return Err(failed("Query", error)),
        };
        page.items.unwrap_or_default().iter().map(|item| read_parsed(item, SK)).collect()
    }

    async fn read_log_state(&self, tenant: OrganizationId) -> Result<LogState, StoreError> {
        let head = self.head(tenant).await?;
        let key = ItemKey::audit_checkpoint(tenant).attributes();
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let last = match get.send().await {
            Ok(answer) => answer.item,
            Err(error) => return Err(failed("GetItem", error)),
        };
        let last = last
            .map(|item| {
                Ok::<_, StoreError>(StoredCheckpoint {
                    count: read_number(&item, COUNT)?,
                    hash: read_text(&item, HASH)?.to_owned(),
                    file: read_binary(&item, FILE)?.to_vec(),
                    is_written: read_number::<u8>(&item, WRITTEN)? == 1,
                })
            })
            .transpose()?;
        Ok(LogState { count: head.sequence, head_hash: head.hash, last })
    }

    async fn put_checkpoint(
        &self,
        tenant: OrganizationId,
        last: Option<&StoredCheckpoint>,
        checkpoint: &StoredCheckpoint,
    ) -> Result<bool, StoreError> {
        let mut item = ItemKey::audit_checkpoint(tenant).attributes();
        let attributes = [
            (COUNT, digits(checkpoint.count)),
            (HASH, text(&checkpoint.hash)),
            (FILE, binary(checkpoint.file.clone())),
            (WRITTEN, digits(u8::from(checkpoint.is_written))),
        ];
        item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match last {
            None => {
                put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK)
            }
            Some(last) => put
                .condition_expression("#hash = :hash")
                .expression_attribute_names("#hash", HASH)
                .expression_attribute_values(":hash", text(&last.hash)),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(failed("PutItem", error)),
            },
        }
    }

    /// The file is marked as written first: should the rest fail, the organization stays listed and is looked at again.
    async fn mark_written(&self, tenant: OrganizationId, count: u64) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(ItemKey::audit_checkpoint(tenant).attributes()))
            .update_expression("SET #written = :yes")
            .condition_expression("#count = :count")
            .expression_attribute_names("#written", WRITTEN)
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":yes", digits(1))
            .expression_attribute_values(":count", digits(count));
        if let Err(error) = update.send().await {
            return match error.as_service_error() {
                // Another run is further.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("UpdateItem", error)),
            };
        }
        self.unlist(tenant, count).await
    }

    /// Takes an organization from the list, on the condition that its log has not grown since the checkpoint.
    async fn unlist(&self, tenant: OrganizationId, count: u64) -> Result<(), StoreError> {
        let head = Update::builder()
            .table_name(&self.table)
            .set_key(Some(ItemKey::audit_head(tenant).attributes()))
            .update_expression("SET #checkpointed = :count")
            .condition_expression("#sequence = :count")
            .expression_attribute_names("#checkpointed", CHECKPOINTED)
            .expression_attribute_names("#sequence", SEQUENCE)
            .expression_attribute_values(":count", digits(count))
            .build();
        let mark = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(ItemKey::audit_grown(tenant).attributes()))
            .build();
        let malformed = |_| StoreError::Malformed("an action of a transaction");
        let actions = vec![
            TransactWriteItem::builder().update(head.map_err(malformed)?).build(),
            TransactWriteItem::builder().delete(mark.map_err(malformed)?).build(),
        ];
        let Err(error) = self.client.transact_write_items().set_transact_items(Some(actions)).send().await
        else {
            return Ok(());
        };
        match error.as_service_error() {
            // It has grown, or grows at this moment: it stays listed.
            Some(TransactWriteItemsError::TransactionCanceledException(_)) => Ok(()),
            _ => Err(failed("TransactWriteItems", error)),
        }
    }
}

impl AuditCheckpoints for DynamoAuditLog {
    fn grown(
        &self,
        shard: u32,
        after: Option<OrganizationId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<OrganizationId>, StoreError>> {
        Box::pin(self.read_grown(shard, after, limit))
    }

    fn log_state(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<LogState, StoreError>> {
        Box::pin(self.read_log_state(tenant))
    }

    fn store<'a>(
        &'a self,
        tenant: OrganizationId,
        last: Option<&'a StoredCheckpoint>,
        checkpoint: &'a StoredCheckpoint,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.put_checkpoint(tenant, last, checkpoint))
    }

    fn written(&self, tenant: OrganizationId, count: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.mark_written(tenant, count))
    }
}
