//! The end of a request: one transaction deletes the open reservation, charges the counters, records the event and
//! stores the completion. The reservation can be deleted only once, so all of it happens exactly once.

use super::answer::{check_owner, give_up, keep, not_kept};
use super::counters::BudgetCounter;
use super::event::event_item;
use super::open::{close, read_bound};
use super::{DynamoAiState, queueing};
use crate::failure::given_up;
use crate::transact::{Actions, must_be_new};
use domain::ai::RequestOutcome;
use ports::{AnswerToCache, CacheKey, Settlement, StoreError};

/// The purpose of an action.
#[derive(Debug, Clone, Copy)]
enum SettlementItem {
    Open,
    Counter,
    Event,
    Answer,
}

/// The most tries. A settlement may find the reservation larger than it knew, and the right to the completion taken.
const MOST_TRIES: u32 = 4;

impl DynamoAiState {
    pub(super) async fn charge(&self, settlement: &Settlement) -> Result<bool, StoreError> {
        let reservation = &settlement.reservation;
        if settlement.metered.request_id != reservation.request_id() {
            return Err(StoreError::Malformed("a settlement of another request"));
        }
        let mut bound = reservation.bound;
        let mut cache = settlement.cache.as_ref();
        for _ in 0..MOST_TRIES {
            let actions = self.settlement(settlement, bound, cache)?;
            let refused = actions.send(&self.client, queueing()).await?;
            if refused.is_empty() {
                return Ok(true);
            }
            for refused in refused {
                match (refused.purpose, refused.found) {
                    (SettlementItem::Open, None) => return Ok(false),
                    // The answer to an extension was lost.
                    (SettlementItem::Open, Some(found)) => bound = read_bound(&found)?,
                    (SettlementItem::Event, _) => {
                        return Err(StoreError::Malformed("a request that is in the ledger and open"));
                    }
                    // Another request makes the completion by now, or has made it.
                    (SettlementItem::Answer, _) => cache = None,
                    (SettlementItem::Counter, _) => {}
                }
            }
        }
        Err(given_up("TransactWriteItems", "the reservation keeps changing"))
    }

    fn settlement(
        &self,
        settlement: &Settlement,
        bound: u64,
        cache: Option<&(CacheKey, Option<AnswerToCache>)>,
    ) -> Result<Actions<SettlementItem>, StoreError> {
        let Settlement { reservation, metered, at, cache: _, correlation_id } = settlement;
        let table = &self.tables.ephemeral;
        let mut actions = Actions::new();
        // The first action, because it tells a repeated settlement from everything else.
        actions.delete(SettlementItem::Open, close(table, reservation, bound))?;
        for counter in BudgetCounter::of(reservation, reservation.shard) {
            actions.update(SettlementItem::Counter, counter.charge(table, metered.cost_nano_usd, bound))?;
        }
        let event = event_item(reservation.tenant, metered, *at, correlation_id)?;
        actions.put(SettlementItem::Event, must_be_new(&self.tables.ledger), event)?;
        if let Some((key, answer)) = cache {
            check_owner(key, reservation.tenant)?;
            let holder = reservation.request_id();
            match answer.as_ref().and_then(|answer| keep(table, key, holder, answer, *at)) {
                Some((put, item)) => actions.put(SettlementItem::Answer, put, item)?,
                // The completion was made but can't be cached, and the next one could not be cached either.
                None if metered.outcome == RequestOutcome::Answered => {
                    let (put, item) = not_kept(table, key, holder, *at);
                    actions.put(SettlementItem::Answer, put, item)?;
                }
                None => actions.delete(SettlementItem::Answer, give_up(table, key, holder))?,
            }
        }
        Ok(actions)
    }
}
