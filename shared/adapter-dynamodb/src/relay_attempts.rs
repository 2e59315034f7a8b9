//! Counts the failures of the relay on a record of the stream, so that the relay can park a record that always fails.
//! The emulator ignores the bounds of a stream mapping, and AWS would drop the record; counting works in both.

use crate::client::client;
use crate::failure::failed;
use crate::keys::ItemKey;
use crate::state_item::EXPIRES_AT;
use crate::value::{digits, read_number};
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::Timestamp;
use ports::{Attempts, BoxFuture, StoreError};

const ATTEMPTS: &str = "attempts";
/// A stream keeps its records for 24 hours; no failure can be counted later.
const KEEP_SECONDS: i64 = 2 * 24 * 3600;

/// Counts failures by record.
#[derive(Debug, Clone)]
pub struct RelayAttempts {
    client: Client,
    table: String,
}

impl RelayAttempts {
    /// A counter on the ephemeral table.
    pub fn new(config: &SdkConfig, ephemeral_table: String) -> Self {
        Self { client: client(config), table: ephemeral_table }
    }

    /// Counts a failure on a record, which is named by its event or its stream identifier; returns the number of
    /// failures.
    pub async fn record_failure(&self, record: &str, now: Timestamp) -> Result<u32, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(ItemKey::relay_attempts(record).attributes()))
            .update_expression("SET #expires_at = :expires_at ADD #attempts :one")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_names("#attempts", ATTEMPTS)
            .expression_attribute_values(":expires_at", digits(now.seconds().saturating_add(KEEP_SECONDS)))
            .expression_attribute_values(":one", digits(1))
            .return_values(ReturnValue::UpdatedNew);
        match update.send().await {
            Ok(answer) => read_number(&answer.attributes.unwrap_or_default(), ATTEMPTS),
            Err(error) => Err(failed("UpdateItem", error)),
        }
    }
}

impl Attempts for RelayAttempts {
    fn count<'a>(
        &'a self,
        sequence_number: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(self.record_failure(sequence_number, now))
    }
}
