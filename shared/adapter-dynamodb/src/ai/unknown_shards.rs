//! Reservations while the number of an organization's shards is unknown, because the process has not read the deployed
//! configuration yet.
//!
//! Shard 0 may be charged up to the whole limit only if it is the only one. A part of the limit that would be safe with
//! any number of shards is a 64th of it, which an organization with one shard has mostly spent. So the counters tell:
//! whoever has spent in another shard has several. They are refused as while the state can't be reached, and not as over
//! their budget.

use super::DynamoAiState;
use super::counters::BudgetCounter;
use crate::batch::get_many;
use crate::failure::given_up;
use domain::ai::Month;
use domain::configuration::MOST_SHARDS;
use ports::{Reservation, StoreError};

impl DynamoAiState {
    /// Refuses the reservation if the organization has spent in a shard other than 0, in this month or in the one before.
    /// Two batch reads, and only until AppConfig answers, which the process asks every five seconds.
    ///
    /// An organization that has several shards and has spent in none but shard 0, in both months, is not recognized. Until
    /// the process knows the number, it may then set aside up to a whole limit in shard 0 while other processes use the
    /// other shards.
    pub(super) async fn require_no_other_shards(&self, reservation: &Reservation) -> Result<(), StoreError> {
        let at = reservation.began();
        let month_before = Month::of(at).bounds().0.plus_seconds(-1);
        let wanted = [at, month_before]
            .into_iter()
            .flat_map(|at| (1..MOST_SHARDS).map(move |shard| (at, shard)))
            .map(|(at, shard)| BudgetCounter::tenant_month(reservation.tenant, at, shard).key)
            .map(|key| (self.tables.ephemeral.as_str(), key))
            .collect();
        if get_many(&self.client, wanted).await?.is_empty() {
            return Ok(());
        }
        Err(given_up("reserve", "the number of the organization's shards is not known yet"))
    }
}
