//! Open reservations: money that is set aside for running requests. A settlement deletes its reservation, which is
//! possible only once. Reservations of all tenants are in a few partitions, so that the sweeper finds those of
//! processes that died.
//!
//! The key contains the request's id but not the end of its lease: a repeated request must meet its own reservation. A
//! sweep therefore also reads reservations of running requests, a few hundred bytes each.

use super::DynamoAiState;
use crate::failure::failed;
use crate::keys::{AI_OPEN_SHARDS, Item, ItemKey, PK, ai_open_partition};
use crate::patience::Patience;
use crate::state_item::EXPIRES_AT;
use crate::transact::must_be_new;
use crate::value::{digits, read_number, read_text, text};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{Delete, ReturnValuesOnConditionCheckFailure, Update};
use domain::Timestamp;
use domain::id::{AiRequestId, OrganizationId};
use futures_util::future::try_join_all;
use ports::{Reservation, Settlement, StoreError};
use std::time::Duration;

/// The original reservation, as JSON text.
const RESERVATION: &str = "reservation";
/// The amount that is set aside now.
const BOUND: &str = "bound";
/// The usage, as JSON text, when it could be written but not settled.
const USED: &str = "used";
/// The time from which the sweeper may settle it, Unix milliseconds.
const LEASE_UNTIL: &str = "lease_until";

/// A reservation that no sweep could settle is given up this long after its lease, in seconds.
const KEEP: i64 = 7 * 24 * 3600;
/// The most pages of a partition that one sweep reads.
const MOST_PAGES: u32 = 20;

/// The condition that the reservation exists with the known bound.
const AS_KNOWN: &str = "#bound = :bound";

/// Opens a reservation.
pub(super) fn open(table: &str, reservation: &Reservation) -> Result<(PutBuilder, Item), StoreError> {
    let document = serde_json::to_string(reservation).map_err(|error| StoreError::Decode(error.into()))?;
    let mut item = ItemKey::ai_open(reservation.tenant, reservation.request_id()).attributes();
    item.insert(RESERVATION.to_owned(), text(document));
    item.insert(BOUND.to_owned(), digits(reservation.bound));
    item.insert(LEASE_UNTIL.to_owned(), digits(reservation.lease_until.millis()));
    item.insert(EXPIRES_AT.to_owned(), digits(reservation.lease_until.seconds().saturating_add(KEEP)));
    Ok((must_be_new(table), item))
}

/// Makes the reservation larger.
pub(super) fn enlarge(table: &str, reservation: &Reservation, bound: u64) -> UpdateBuilder {
    Update::builder()
        .table_name(table)
        .set_key(Some(ItemKey::ai_open(reservation.tenant, reservation.request_id()).attributes()))
        .update_expression("SET #bound = :larger")
        .condition_expression(AS_KNOWN)
        .expression_attribute_names("#bound", BOUND)
        .expression_attribute_values(":bound", digits(reservation.bound))
        .expression_attribute_values(":larger", digits(bound))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

/// Ends a reservation of `bound`.
pub(super) fn close(table: &str, reservation: &Reservation, bound: u64) -> DeleteBuilder {
    Delete::builder()
        .table_name(table)
        .set_key(Some(ItemKey::ai_open(reservation.tenant, reservation.request_id()).attributes()))
        .condition_expression(AS_KNOWN)
        .expression_attribute_names("#bound", BOUND)
        .expression_attribute_values(":bound", digits(bound))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

/// The amount that a found reservation has set aside.
pub(super) fn read_bound(item: &Item) -> Result<u64, StoreError> {
    read_number(item, BOUND)
}

fn read_open(item: &Item) -> Result<Reservation, StoreError> {
    let mut reservation: Reservation = serde_json::from_str(read_text(item, RESERVATION)?)
        .map_err(|error| StoreError::Decode(error.into()))?;
    reservation.bound = read_bound(item)?;
    if item.contains_key(USED) {
        reservation.presumed =
            serde_json::from_str(read_text(item, USED)?).map_err(|error| StoreError::Decode(error.into()))?;
    } else {
        // The usage is unknown, so the whole amount is charged.
        reservation.presumed.cost_nano_usd = reservation.bound;
    }
    Ok(reservation)
}

impl DynamoAiState {
    /// Only the request's own transactions write this item; one of them may still be running.
    pub(super) async fn write_down(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let Settlement { reservation, metered, .. } = settlement;
        let used = serde_json::to_string(metered).map_err(|error| StoreError::Decode(error.into()))?;
        let mut patience = Patience::new(4, Duration::from_millis(200));
        loop {
            let update = self
                .client
                .update_item()
                .table_name(&self.tables.ephemeral)
                .set_key(Some(ItemKey::ai_open(reservation.tenant, reservation.request_id()).attributes()))
                .update_expression("SET #used = :used")
                .condition_expression("attribute_exists(#pk)")
                .expression_attribute_names("#used", USED)
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":used", text(&used));
            let Err(error) = update.send().await else { return Ok(()) };
            match error.as_service_error() {
                // It was settled in the meantime.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                Some(UpdateItemError::TransactionConflictException(_)) if patience.pause().await => {}
                _ => return Err(failed("UpdateItem", error)),
            }
        }
    }

    pub(super) async fn read_reservation(
        &self,
        tenant: OrganizationId,
        request: AiRequestId,
    ) -> Result<Option<Reservation>, StoreError> {
        let key = ItemKey::ai_open(tenant, request).attributes();
        let get = self.client.get_item().table_name(&self.tables.ephemeral).set_key(Some(key));
        match get.consistent_read(true).send().await {
            Ok(answer) => answer.item.as_ref().map(read_open).transpose(),
            Err(error) => Err(failed("GetItem", error)),
        }
    }

    pub(super) async fn read_expired(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Reservation>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let shards = (0..AI_OPEN_SHARDS).map(|shard| self.read_expired_of(shard, now, limit));
        let found = try_join_all(shards).await?.into_iter().flatten();
        let (mut expired, mut unreadable) = (Vec::new(), None);
        for reservation in found {
            match reservation {
                Ok(reservation) => expired.push(reservation),
                Err(error) => unreadable = Some(error),
            }
        }
        // A reservation that can't be read must not block the settlement of all others.
        if let Some(error) = unreadable.filter(|_| expired.is_empty()) {
            return Err(error);
        }
        expired.sort_by_key(|reservation| reservation.lease_until);
        expired.truncate(limit);
        Ok(expired)
    }

    /// The read need not be consistent: a settlement that comes too late is refused.
    async fn read_expired_of(
        &self,
        shard: u32,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Result<Reservation, StoreError>>, StoreError> {
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let query = self
                .client
                .query()
                .table_name(&self.tables.ephemeral)
                .key_condition_expression("#pk = :pk")
                .filter_expression("#lease_until <= :now")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#lease_until", LEASE_UNTIL)
                .expression_attribute_values(":pk", ai_open_partition(shard))
                .expression_attribute_values(":now", digits(now.millis()))
                .set_exclusive_start_key(after);
            let page = match query.send().await {
                Ok(page) => page,
                Err(error) => return Err(failed("Query", error)),
            };
            found.extend(page.items.unwrap_or_default().iter().map(read_open));
            after = page.last_evaluated_key;
            if after.is_none() || found.iter().filter(|found| found.is_ok()).count() >= limit {
                break;
            }
        }
        Ok(found)
    }
}
