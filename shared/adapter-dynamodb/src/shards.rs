//! The number of partitions of an organization's lists and budget counters. One partition of an index takes 1,000
//! writes a second, and one counter far fewer transactions, so organizations that write more have a number of shards in
//! the configuration.

use crate::digest::digest;
use domain::id::OrganizationId;
use ports::{Configuration, FixedConfiguration};
use std::fmt;
use std::sync::Arc;

/// Shards by organization; one for every other organization. A number may be raised without moving items, because shard
/// 0 has the key of an unsharded list and all shards are read. Until every process has the new number, lists may lack
/// items that a newer process wrote. A number must not be lowered while the removed shards contain items.
///
/// A process that has not read the deployed configuration yet does not know the numbers. It reads as many shards as there
/// can be and writes to shard 0, which every process reads.
#[derive(Clone)]
pub struct ListShards(Arc<dyn Configuration>);

impl Default for ListShards {
    /// One shard for every organization.
    fn default() -> Self {
        Self(Arc::new(FixedConfiguration::default()))
    }
}

impl fmt::Debug for ListShards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListShards(..)")
    }
}

impl ListShards {
    /// The configured numbers, read again at every request.
    pub fn new(configuration: Arc<dyn Configuration>) -> Self {
        Self(configuration)
    }

    /// The number of shards to which an organization's list entries and counters are written.
    pub(crate) fn of(&self, tenant: OrganizationId) -> u32 {
        self.0.current().shards(tenant)
    }

    /// The number of shards in which an organization may have list entries and counters.
    pub(crate) fn to_read(&self, tenant: OrganizationId) -> u32 {
        self.0.current().shards_to_read(tenant)
    }

    /// Whether the numbers are those of the deployed configuration.
    pub(crate) fn are_known(&self) -> bool {
        !self.0.current().is_of_build
    }

    /// The shard of an aggregate, and the shard at which a request begins: the same as long as the number stays.
    pub(crate) fn shard(&self, tenant: OrganizationId, id: &str) -> u32 {
        let [a, b, c, d, ..] = digest([id.as_bytes()]);
        u32::from_be_bytes([a, b, c, d]) % self.of(tenant).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::ListShards;
    use domain::Timestamp;
    use domain::configuration::RuntimeConfiguration;
    use domain::id::{OrganizationId, new_id};
    use ports::FixedConfiguration;
    use std::sync::Arc;

    #[test]
    fn spreads_ids_evenly_over_the_shards_of_the_configuration() {
        let tenant: OrganizationId = new_id(Timestamp::from_millis(1), &[7; 10]);
        let other: OrganizationId = new_id(Timestamp::from_millis(1), &[8; 10]);
        let configuration = RuntimeConfiguration { list_shards: [(tenant, 4)].into(), ..Default::default() };
        let shards = ListShards::new(Arc::new(FixedConfiguration::new(configuration)));
        let mut counts = [0; 4];
        for n in 0..1000 {
            counts[shards.shard(tenant, &format!("lead_{n}")) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
        assert_eq!((shards.of(other), shards.shard(other, "lead_1")), (1, 0));
        assert_eq!(ListShards::default().of(tenant), 1);
    }
}
