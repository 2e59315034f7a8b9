//! Sets money aside: one transaction over the four counters, the open reservation and the right to make the completion.
//! The bound of a request is set aside before a model is asked, so no allowed request exceeds a limit.

use super::answer::{check_owner, take};
use super::counters::{BudgetCounter, limit, part, read_counter};
use super::event::{ONLY, request_key};
use super::open::{enlarge, open, read_bound};
use super::{DynamoAiState, queueing};
use crate::batch::get_many;
use crate::failure::given_up;
use crate::keys::{PK, ledger_key};
use crate::transact::{Actions, MUST_BE_NEW, RefusedTransaction};
use aws_sdk_dynamodb::types::ConditionCheck;
use domain::ai::Limits;
use ports::{BudgetScope, CacheKey, Reservation, ReserveError};

/// The purpose of an action.
#[derive(Debug, Clone, Copy)]
enum ReservationItem {
    Counter(BudgetScope),
    Settled,
    Open,
    Answer,
}

/// How often an extension may find another bound than the known one.
const MOST_BOUNDS: u32 = 3;

impl DynamoAiState {
    pub(super) async fn set_aside(
        &self,
        reservation: &mut Reservation,
        limits: &Limits,
        cache: Option<&CacheKey>,
    ) -> Result<(), ReserveError> {
        if let Some(key) = cache {
            check_owner(key, reservation.tenant)?;
        }
        let mut short = BudgetScope::TenantMonth;
        for shard in self.shards_with_room(reservation, limits).await? {
            reservation.shard = shard;
            match self.set_aside_in_shard(reservation, limits, cache).await {
                Err(ReserveError::OverBudget(scope)) => short = scope,
                result => return result,
            }
        }
        Err(ReserveError::OverBudget(short))
    }

    async fn set_aside_in_shard(
        &self,
        reservation: &Reservation,
        limits: &Limits,
        cache: Option<&CacheKey>,
    ) -> Result<(), ReserveError> {
        let table = &self.tables.ephemeral;
        let mut actions = Actions::new();
        self.add_counters(&mut actions, reservation, reservation.bound, limits)?;
        let request = request_key(reservation.tenant, reservation.request_id());
        let not_settled = ConditionCheck::builder()
            .table_name(&self.tables.ledger)
            .set_key(Some(ledger_key(&request, ONLY)))
            .condition_expression(MUST_BE_NEW)
            .expression_attribute_names("#pk", PK);
        actions.check(ReservationItem::Settled, not_settled)?;
        let (put, item) = open(table, reservation)?;
        actions.put(ReservationItem::Open, put, item)?;
        if let Some(key) = cache {
            let (put, item) = take(table, key, reservation);
            actions.put(ReservationItem::Answer, put, item)?;
        }
        let refused = actions.send(&self.client, queueing()).await?;
        if refused.is_empty() { Ok(()) } else { Err(refusal(&refused)) }
    }

    pub(super) async fn set_more_aside(
        &self,
        reservation: &mut Reservation,
        bound: u64,
        limits: &Limits,
    ) -> Result<(), ReserveError> {
        for _ in 0..MOST_BOUNDS {
            let more = bound.saturating_sub(reservation.bound);
            if more == 0 {
                return Ok(());
            }
            let mut actions = Actions::new();
            self.add_counters(&mut actions, reservation, more, limits)?;
            actions.update(ReservationItem::Open, enlarge(&self.tables.ephemeral, reservation, bound))?;
            let refused = actions.send(&self.client, queueing()).await?;
            if refused.is_empty() {
                reservation.bound = bound;
                return Ok(());
            }
            let ours = refused.iter().find(|refused| matches!(refused.purpose, ReservationItem::Open));
            match ours.map(|refused| &refused.found) {
                // The answer to an earlier extension was lost.
                Some(Some(found)) => reservation.bound = read_bound(found)?,
                _ => return Err(refusal(&refused)),
            }
        }
        Err(given_up("TransactWriteItems", "the reservation keeps changing").into())
    }

    /// Adds `amount` to all counters of the reservation's shard, if there is room.
    fn add_counters(
        &self,
        actions: &mut Actions<ReservationItem>,
        reservation: &Reservation,
        amount: u64,
        limits: &Limits,
    ) -> Result<(), ReserveError> {
        let shards = self.shards.of(reservation.tenant);
        for counter in BudgetCounter::of(reservation, reservation.shard) {
            let room = match limit(limits, counter.scope, reservation.feature()) {
                None => None,
                Some(limit) => {
                    let part = part(limit, shards, reservation.shard);
                    Some(part.checked_sub(amount).ok_or(ReserveError::OverBudget(counter.scope))?)
                }
            };
            let update = counter.set_aside(&self.tables.ephemeral, amount, room);
            actions.update(ReservationItem::Counter(counter.scope), update)?;
        }
        Ok(())
    }

    /// The shards to try, in this order. A tenant with one shard needs no read. With several shards, one batch read
    /// says which have room, so that a nearly spent budget does not take a transaction for each. It also gives the sum,
    /// which the shards alone don't bound after a limit was lowered or the number of shards changed.
    async fn shards_with_room(
        &self,
        reservation: &Reservation,
        limits: &Limits,
    ) -> Result<Vec<u32>, ReserveError> {
        if !self.shards.are_known() {
            self.require_no_other_shards(reservation).await?;
        }
        let shards = self.shards.of(reservation.tenant);
        if shards <= 1 {
            return Ok(vec![0]);
        }
        let counters: Vec<_> =
            (0..shards).map(|shard| (shard, BudgetCounter::of(reservation, shard))).collect();
        let wanted = counters
            .iter()
            .flat_map(|(_, counters)| counters)
            .map(|counter| (self.tables.ephemeral.as_str(), counter.key.clone()))
            .collect();
        let items = get_many(&self.client, wanted).await?;
        let (mut with_room, mut short, mut sums) = (Vec::new(), None, [0_u64; 4]);
        for (shard, counters) in &counters {
            let mut fits = true;
            for (counter, sum) in counters.iter().zip(&mut sums) {
                let committed = match items.get(&counter.key) {
                    Some(item) => read_counter(item)?.committed,
                    None => 0,
                };
                *sum = sum.saturating_add(committed);
                let limit = limit(limits, counter.scope, reservation.feature());
                let part = limit.map(|limit| part(limit, shards, *shard));
                if exceeds(part, committed, reservation.bound) {
                    fits = false;
                    short.get_or_insert(counter.scope);
                }
            }
            if fits {
                with_room.push(*shard);
            }
        }
        for (counter, sum) in BudgetCounter::of(reservation, 0).iter().zip(sums) {
            if exceeds(limit(limits, counter.scope, reservation.feature()), sum, reservation.bound) {
                return Err(ReserveError::OverBudget(counter.scope));
            }
        }
        if let Some(scope) = short.filter(|_| with_room.is_empty()) {
            return Err(ReserveError::OverBudget(scope));
        }
        // Requests begin at different shards, so that they seldom collide.
        let first = self.shards.shard(reservation.tenant, &reservation.request_id().to_string());
        let turn = with_room.iter().position(|shard| *shard >= first).unwrap_or_default();
        with_room.rotate_left(turn);
        Ok(with_room)
    }
}

fn exceeds(limit: Option<u64>, committed: u64, amount: u64) -> bool {
    limit.is_some_and(|limit| committed.saturating_add(amount) > limit)
}

/// The meaning of failed conditions. A request that was made before is reported first; a request whose completion is
/// being made need not care about the budget.
fn refusal(refused: &[RefusedTransaction<ReservationItem>]) -> ReserveError {
    let mut reason = None;
    for refused in refused {
        match refused.purpose {
            ReservationItem::Settled | ReservationItem::Open => return ReserveError::Repeated,
            ReservationItem::Answer => reason = Some(ReserveError::InFlight),
            ReservationItem::Counter(scope) => {
                reason.get_or_insert(ReserveError::OverBudget(scope));
            }
        }
    }
    reason.unwrap_or_else(|| given_up("TransactWriteItems", "canceled").into())
}
