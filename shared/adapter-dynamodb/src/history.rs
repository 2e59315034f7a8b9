//! The history of an aggregate. Sealed data of an erased subject is left out.

use crate::failure::failed;
use crate::keys::{PK, SK, ledger_partition};
use crate::ledger_item::read_ledger_item;
use crate::read::unwrap_subject_keys;
use crate::seal::open_personal;
use crate::store::DynamoStore;
use crate::value::digits;
use ports::{AggregateKey, EventRecord, StoreError};
use std::collections::BTreeSet;

impl DynamoStore {
    pub(crate) async fn read_history(
        &self,
        key: &AggregateKey,
        through: u64,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let mut events = Vec::new();
        let mut after = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.tables.ledger)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND #sk <= :through")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":pk", ledger_partition(key))
                .expression_attribute_values(":through", digits(through))
                .set_exclusive_start_key(after);
            let page = match query.send().await {
                Ok(page) => page,
                Err(error) => return Err(failed("Query", error)),
            };
            for item in page.items.unwrap_or_default() {
                events.push(read_ledger_item(key, &item)?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        let subjects: Vec<_> = events
            .iter()
            .flat_map(|event| event.sealed.keys().copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if subjects.is_empty() {
            return Ok(events.into_iter().map(|event| event.record).collect());
        }
        let (wrapped, tenant_key) = self.read_keys(key.tenant(), &subjects).await?;
        let keys = match &tenant_key {
            Some(tenant_key) => unwrap_subject_keys(key.tenant(), tenant_key, &wrapped)?,
            None => Default::default(),
        };
        events
            .into_iter()
            .map(|event| {
                let mut record = event.record;
                for (subject, sealed) in event.sealed {
                    if let Some(key) = keys.get(&subject) {
                        let personal = open_personal(key, &record, subject, &sealed)?;
                        record.event.personal.insert(subject, personal);
                    }
                }
                Ok(record)
            })
            .collect()
    }
}
