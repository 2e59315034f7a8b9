//! Cached completions. A completion and the right to make it are one item: a request that takes the right writes its id
//! into the item, and may store the completion only while its id stands there.

use super::DynamoAiState;
use crate::failure::failed;
use crate::keys::{Item, ItemKey, PK};
use crate::state_item::EXPIRES_AT;
use crate::value::{check_size, digits, read_number, read_text, text};
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder};
use aws_sdk_dynamodb::types::{Delete, Put};
use domain::Timestamp;
use domain::id::{AiRequestId, OrganizationId};
use ports::{AnswerToCache, CacheKey, CachedCompletion, Reservation, StoreError};
use std::time::Duration;

/// The request that is making the completion; absent once the completion is stored, or was made and can't be cached.
const HOLDER: &str = "holder";
/// The time until which no other request may take the right, Unix milliseconds.
const LEASE_UNTIL: &str = "lease_until";
/// The completion; absent while it is made. It is valid until the item expires.
const ANSWER: &str = "answer";
/// When the completion was stored, Unix milliseconds.
const STORED_AT: &str = "stored_at";

/// How long the item of an unused right stays after the right's end, in seconds. It counts as absent by then.
const KEEP_LEASE: i64 = 3600;
/// How long no request waits for a completion after one that could not be cached.
const NOT_KEPT: Duration = Duration::from_secs(60);

impl DynamoAiState {
    pub(super) async fn read_answer(
        &self,
        key: &CacheKey,
        now: Timestamp,
    ) -> Result<CachedCompletion, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.tables.ephemeral)
            .set_key(Some(ItemKey::ai_answer(key).attributes()))
            .consistent_read(true);
        match request.send().await {
            Ok(answer) => read_cached(answer.item.as_ref(), now),
            Err(error) => Err(failed("GetItem", error)),
        }
    }
}

/// Reads an item.
pub(super) fn read_cached(item: Option<&Item>, now: Timestamp) -> Result<CachedCompletion, StoreError> {
    let Some(item) = item else { return Ok(CachedCompletion::Nothing) };
    if !item.contains_key(ANSWER) {
        let until = Timestamp::from_millis(read_number(item, LEASE_UNTIL)?);
        return Ok(match item.contains_key(HOLDER) {
            _ if until <= now => CachedCompletion::Nothing,
            true => CachedCompletion::InFlight { until },
            false => CachedCompletion::NotCacheable,
        });
    }
    if read_number::<i64>(item, EXPIRES_AT)? <= now.seconds() {
        return Ok(CachedCompletion::Nothing);
    }
    Ok(CachedCompletion::Answer {
        answer: read_text(item, ANSWER)?.to_owned(),
        stored_at: Timestamp::from_millis(read_number(item, STORED_AT)?),
    })
}

/// Refuses a key of another tenant.
pub(super) fn check_owner(key: &CacheKey, tenant: OrganizationId) -> Result<(), StoreError> {
    if key.tenant == tenant { Ok(()) } else { Err(StoreError::Malformed("a cache key of another tenant")) }
}

/// Takes the right to make a completion.
pub(super) fn take(table: &str, key: &CacheKey, reservation: &Reservation) -> (PutBuilder, Item) {
    let free = "attribute_not_exists(#pk) OR (attribute_exists(#answer) AND #expires_at <= :seconds) \
                OR (attribute_not_exists(#answer) AND #lease_until <= :now)";
    let put = match reservation.replaces {
        None => Put::builder().condition_expression(free),
        // Another request may have stored a newer one in the meantime.
        Some(stored_at) => Put::builder()
            .condition_expression(format!(
                "{free} OR (attribute_exists(#answer) AND #stored_at <= :stored_at)"
            ))
            .expression_attribute_names("#stored_at", STORED_AT)
            .expression_attribute_values(":stored_at", digits(stored_at.millis())),
    };
    let put = put
        .table_name(table)
        .expression_attribute_names("#pk", PK)
        .expression_attribute_names("#answer", ANSWER)
        .expression_attribute_names("#expires_at", EXPIRES_AT)
        .expression_attribute_names("#lease_until", LEASE_UNTIL)
        .expression_attribute_values(":seconds", digits(reservation.at.seconds()))
        .expression_attribute_values(":now", digits(reservation.at.millis()));
    let mut item = ItemKey::ai_answer(key).attributes();
    item.insert(HOLDER.to_owned(), text(reservation.request_id().to_string()));
    item.insert(LEASE_UNTIL.to_owned(), digits(reservation.lease_until.millis()));
    item.insert(EXPIRES_AT.to_owned(), digits(reservation.lease_until.seconds().saturating_add(KEEP_LEASE)));
    (put, item)
}

/// Stores the completion in place of the right to make it. `None` when it is too large.
pub(super) fn keep(
    table: &str,
    key: &CacheKey,
    holder: AiRequestId,
    keep: &AnswerToCache,
    at: Timestamp,
) -> Option<(PutBuilder, Item)> {
    let mut item = ItemKey::ai_answer(key).attributes();
    let ttl = i64::try_from(keep.ttl.as_secs()).unwrap_or(i64::MAX);
    item.insert(ANSWER.to_owned(), text(&keep.answer));
    item.insert(STORED_AT.to_owned(), digits(at.millis()));
    item.insert(EXPIRES_AT.to_owned(), digits(at.seconds().saturating_add(ttl)));
    check_size(&item).ok()?;
    let put = Put::builder()
        .table_name(table)
        .condition_expression(OURS)
        .expression_attribute_names("#holder", HOLDER)
        .expression_attribute_values(":holder", text(holder.to_string()));
    Some((put, item))
}

/// Replaces the in-flight marker with a `not cacheable` marker, so that callers waiting for this answer stop waiting and ask
/// for their own.
pub(super) fn not_kept(
    table: &str,
    key: &CacheKey,
    holder: AiRequestId,
    at: Timestamp,
) -> (PutBuilder, Item) {
    let until = at.plus(NOT_KEPT);
    let mut item = ItemKey::ai_answer(key).attributes();
    item.insert(LEASE_UNTIL.to_owned(), digits(until.millis()));
    item.insert(EXPIRES_AT.to_owned(), digits(until.seconds().saturating_add(KEEP_LEASE)));
    let put = Put::builder()
        .table_name(table)
        .condition_expression(OURS)
        .expression_attribute_names("#holder", HOLDER)
        .expression_attribute_values(":holder", text(holder.to_string()));
    (put, item)
}

/// Gives the right back.
pub(super) fn give_up(table: &str, key: &CacheKey, holder: AiRequestId) -> DeleteBuilder {
    Delete::builder()
        .table_name(table)
        .set_key(Some(ItemKey::ai_answer(key).attributes()))
        .condition_expression(OURS)
        .expression_attribute_names("#holder", HOLDER)
        .expression_attribute_values(":holder", text(holder.to_string()))
}

/// The condition that the right still belongs to the request.
const OURS: &str = "#holder = :holder";
