//! Items by their keys, strongly consistent, from several tables at once.

use crate::failure::{failed, given_up};
use crate::keys::{Item, ItemKey};
use crate::patience::Patience;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use ports::StoreError;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// The most keys of one BatchGetItem.
const BATCH: usize = 100;

/// The existing items, by key: one call for each hundred keys. Keys that DynamoDB leaves unprocessed, because it
/// throttles, are asked for again.
pub(crate) async fn get_many(
    client: &Client,
    wanted: Vec<(&str, ItemKey)>,
) -> Result<HashMap<ItemKey, Item>, StoreError> {
    let mut seen = HashSet::new();
    let wanted: Vec<_> = wanted.into_iter().filter(|(_, key)| seen.insert(key.clone())).collect();
    let mut found = HashMap::new();
    for batch in wanted.chunks(BATCH) {
        let mut asked: HashMap<&str, Vec<Item>> = HashMap::new();
        for (table, key) in batch {
            asked.entry(table).or_default().push(key.attributes());
        }
        let mut request = HashMap::new();
        for (table, keys) in asked {
            request.insert(table.to_owned(), keys_of(keys)?);
        }
        let mut patience = Patience::new(5, Duration::from_secs(2));
        loop {
            let answer = match client.batch_get_item().set_request_items(Some(request)).send().await {
                Ok(answer) => answer,
                Err(error) => return Err(failed("BatchGetItem", error)),
            };
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                found.insert(ItemKey::read(&item).ok_or(StoreError::Malformed("a key"))?, item);
            }
            request = answer.unprocessed_keys.unwrap_or_default();
            if request.is_empty() {
                break;
            }
            if !patience.pause().await {
                return Err(given_up("BatchGetItem", "keys are left unprocessed"));
            }
        }
    }
    Ok(found)
}

fn keys_of(keys: Vec<Item>) -> Result<KeysAndAttributes, StoreError> {
    KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(true)
        .build()
        .map_err(|_| StoreError::Malformed("a batch of keys"))
}
