//! The addresses that get no mail any more, as hashes: one item each in the state table. They belong to no tenant.

use crate::client::client;
use crate::failure::failed;
use crate::keys::ItemKey;
use crate::value::{digits, text};
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use domain::Timestamp;
use ports::{BoxFuture, MailSuppressions, StoreError, SuppressionReason};

/// Why the address is suppressed.
const REASON: &str = "reason";
/// Since when, Unix milliseconds.
const SUPPRESSED_AT: &str = "suppressed_at";

/// The suppressed addresses, on DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoMailSuppressions {
    client: Client,
    table: String,
}

impl DynamoMailSuppressions {
    /// Suppressions on the state table.
    pub fn new(config: &SdkConfig, state_table: String) -> Self {
        Self { client: client(config), table: state_table }
    }
}

impl MailSuppressions for DynamoMailSuppressions {
    fn is_suppressed<'a>(&'a self, address_hash: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let key = ItemKey::mail_suppression(address_hash).attributes();
            let read =
                self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
            match read.send().await {
                Ok(answer) => Ok(answer.item.is_some()),
                Err(error) => Err(failed("GetItem", error)),
            }
        })
    }

    fn suppress<'a>(
        &'a self,
        address_hash: &'a str,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut item = ItemKey::mail_suppression(address_hash).attributes();
            item.insert(REASON.to_owned(), text(reason.as_str()));
            item.insert(SUPPRESSED_AT.to_owned(), digits(now.millis()));
            match self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await {
                Ok(_) => Ok(()),
                Err(error) => Err(failed("PutItem", error)),
            }
        })
    }
}
