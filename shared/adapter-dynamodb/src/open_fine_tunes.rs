//! Open fine-tunes, whosever they are, from a partition of a list index that no tenant's list reads. It must never give
//! more of them than their keys: what they are is read from the table, under each tenant's key.

use crate::failure::failed;
use crate::keys::{IndexPartition, PK, fine_tune_of};
use crate::state_item::OPEN;
use crate::store::DynamoStore;
use application::ports::{AggregateKey, BoxFuture, OpenFineTunes, StoreError};
use domain::AggregateType;

impl OpenFineTunes for DynamoStore {
    fn open(&self, limit: u32) -> BoxFuture<'_, Result<Vec<AggregateKey>, StoreError>> {
        Box::pin(self.read_open(usize::try_from(limit).unwrap_or(usize::MAX)))
    }
}

impl DynamoStore {
    async fn read_open(&self, limit: usize) -> Result<Vec<AggregateKey>, StoreError> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.tables.state)
                .index_name(OPEN.name)
                .key_condition_expression("#open = :open")
                .projection_expression("#pk")
                .expression_attribute_names("#open", OPEN.pk)
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(
                    ":open",
                    IndexPartition::open(AggregateType::FineTune).attribute(),
                )
                .set_exclusive_start_key(after);
            let page = match query.send().await {
                Ok(page) => page,
                Err(error) => return Err(failed("Query", error)),
            };
            for item in page.items.unwrap_or_default() {
                found.push(fine_tune_of(&item).ok_or(StoreError::Malformed("the key of a fine-tune"))?);
            }
            after = page.last_evaluated_key;
            if after.is_none() || found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }
}
