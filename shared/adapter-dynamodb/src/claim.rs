//! Records of idempotency keys: a claim while the request is running, its outcome afterwards. An expired record counts
//! as absent, whether or not the TTL has deleted it.

use crate::commit::IDEMPOTENCY_SECONDS;
use crate::failure::failed;
use crate::keys::{Item, ItemKey, PK};
use crate::random::random;
use crate::state_item::EXPIRES_AT;
use crate::store::DynamoStore;
use crate::value::{attribute, binary, digits, json, read_text, text};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::Timestamp;
use ports::{Claim, IdempotencyKey, IdempotencyRecord, StoreError};
use serde_json::Value;

/// The hash of the request.
pub(crate) const REQUEST_HASH: &str = "request_hash";
/// The outcome of the request; absent while it is running.
pub(crate) const OUTCOME: &str = "outcome";
/// The random id of the claim.
const CLAIM: &str = "claim";
/// When the claim was made, Unix seconds.
const CLAIMED_AT: &str = "claimed_at";

impl DynamoStore {
    pub(crate) async fn write_claim(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Claim, StoreError> {
        let claim: [u8; 16] = random()?;
        let mut item = record_item(key, None, expires_at.seconds());
        item.insert(CLAIM.to_owned(), binary(claim));
        item.insert(CLAIMED_AT.to_owned(), digits(now.seconds()));
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.ephemeral)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk) OR #expires_at <= :now")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", digits(now.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(Claim::Claimed),
            Err(error) => error,
        };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error() else {
            return Err(failed("PutItem", error));
        };
        let taken = refused.item().ok_or(StoreError::Malformed("a claim without its record"))?;
        // The answer to this request's own claim was lost and the SDK sent it again.
        if taken.get(CLAIM) == Some(&binary(claim)) {
            return Ok(Claim::Claimed);
        }
        read_record(taken).map(Claim::Taken)
    }

    /// Writes only over the request's own claim: the outcome of another request is never replaced.
    pub(crate) async fn write_outcome(
        &self,
        key: &IdempotencyKey,
        outcome: &Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let item = record_item(key, Some(outcome), now.seconds().saturating_add(IDEMPOTENCY_SECONDS));
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.ephemeral)
            .set_item(Some(item))
            .condition_expression("attribute_exists(#claimed_at) AND #request_hash = :request_hash")
            .expression_attribute_names("#claimed_at", CLAIMED_AT)
            .expression_attribute_names("#request_hash", REQUEST_HASH)
            .expression_attribute_values(":request_hash", text(&key.request_hash));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // The answer to this request's own write was lost, or another request holds the claim by now.
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("PutItem", error)),
            },
        }
    }

    /// Sets the claim's end to its beginning, so that it has expired.
    pub(crate) async fn end_claim(&self, key: &IdempotencyKey) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.ephemeral)
            .set_key(Some(ItemKey::idempotency(key).attributes()))
            .update_expression("SET #expires_at = #claimed_at")
            .condition_expression("attribute_exists(#claimed_at) AND #request_hash = :request_hash")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_names("#claimed_at", CLAIMED_AT)
            .expression_attribute_names("#request_hash", REQUEST_HASH)
            .expression_attribute_values(":request_hash", text(&key.request_hash));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // The record has an outcome or is gone, so there is no claim to end.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("UpdateItem", error)),
            },
        }
    }
}

/// The item of a request; without an outcome the request is running.
pub(crate) fn record_item(key: &IdempotencyKey, outcome: Option<&Value>, expires_at: i64) -> Item {
    let mut item = ItemKey::idempotency(key).attributes();
    item.insert(REQUEST_HASH.to_owned(), text(&key.request_hash));
    item.insert(EXPIRES_AT.to_owned(), digits(expires_at));
    if let Some(outcome) = outcome {
        item.insert(OUTCOME.to_owned(), attribute(outcome));
    }
    item
}

/// Reads a record.
pub(crate) fn read_record(item: &Item) -> Result<IdempotencyRecord, StoreError> {
    Ok(IdempotencyRecord {
        request_hash: read_text(item, REQUEST_HASH)?.to_owned(),
        outcome: item.get(OUTCOME).map(json).transpose()?,
    })
}
