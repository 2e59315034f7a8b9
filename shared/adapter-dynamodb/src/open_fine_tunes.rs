//! Open fine-tunes of all tenants, from a partition of a list index that no tenant's list reads. It must return only
//! their keys: their states are read from the table, under each tenant's key.

use crate::failure::failed;
use crate::keys::{IndexPartition, PK, fine_tune_of};
use crate::state_item::OPEN;
use crate::store::DynamoStore;
use domain::AggregateType;
use ports::{BoxFuture, OpenFineTunes, OpenKeys, StoreError};

impl OpenFineTunes for DynamoStore {
    fn open(&self, limit: u32) -> BoxFuture<'_, Result<OpenKeys, StoreError>> {
        Box::pin(self.read_open(usize::try_from(limit).unwrap_or(usize::MAX)))
    }
}

impl DynamoStore {
    async fn read_open(&self, limit: usize) -> Result<OpenKeys, StoreError> {
        let mut found = OpenKeys::default();
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
                match fine_tune_of(&item) {
                    Some(key) => found.keys.push(key),
                    None => found.malformed += 1,
                }
            }
            after = page.last_evaluated_key;
            if after.is_none() || found.keys.len() >= limit {
                break;
            }
        }
        found.keys.truncate(limit);
        Ok(found)
    }
}
