//! The number of partitions over which the lists of a tenant, and the counters of its budgets, are spread. One
//! partition of an index takes 1,000 writes a second, and one counter far fewer transactions, so tenants that write
//! more are named in `LARGE_TENANTS`.

use crate::digest::digest;
use domain::id::OrganizationId;
use std::collections::HashMap;
use std::env;

const VARIABLE: &str = "LARGE_TENANTS";

/// The most shards of a list: every page queries all of them.
const MOST_SHARDS: u32 = 64;

/// Shards by tenant; all other tenants have one. A number may be raised without moving items: shard 0 has the key of an
/// unsharded list, and all shards are read. Until every function of a deployment has the new number, lists may miss
/// items that a newer function wrote. It must not be lowered while items are in the removed shards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListShards(HashMap<OrganizationId, u32>);

/// `LARGE_TENANTS` is not a list like `org_...=8,org_...=4` with 1 to 64 shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("LARGE_TENANTS is not a list of organizations and their numbers of shards")]
pub struct InvalidListShards;

impl ListShards {
    /// Reads `LARGE_TENANTS`; absent or empty means that no tenant is large.
    pub fn from_env() -> Result<Self, InvalidListShards> {
        Self::parse(&env::var(VARIABLE).unwrap_or_default())
    }

    /// Reads `org_...=8,org_...=4`.
    pub fn parse(text: &str) -> Result<Self, InvalidListShards> {
        text.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let (tenant, shards) = entry.split_once('=').ok_or(InvalidListShards)?;
                let tenant = tenant.trim().parse().map_err(|_| InvalidListShards)?;
                let shards = shards.trim().parse().map_err(|_| InvalidListShards)?;
                if (1..=MOST_SHARDS).contains(&shards) {
                    Ok((tenant, shards))
                } else {
                    Err(InvalidListShards)
                }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The number of shards of a tenant's lists and counters.
    pub(crate) fn of(&self, tenant: OrganizationId) -> u32 {
        self.0.get(&tenant).copied().unwrap_or(1)
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
    use domain::id::{OrganizationId, new_id};

    #[test]
    fn reads_tenants_and_refuses_nonsense() {
        let tenant: OrganizationId = new_id(Timestamp::from_millis(1), &[7; 10]);
        let other: OrganizationId = new_id(Timestamp::from_millis(1), &[8; 10]);
        let shards = ListShards::parse(&format!(" {tenant}=8 ,, {other}=2")).unwrap();
        assert_eq!((shards.of(tenant), shards.of(other)), (8, 2));
        assert_eq!(ListShards::parse("").unwrap().of(tenant), 1);
        for bad in ["x", "org_x=2", &format!("{tenant}=0"), &format!("{tenant}=65"), &format!("{tenant}=-1")]
        {
            assert!(ListShards::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spreads_ids_evenly() {
        let tenant: OrganizationId = new_id(Timestamp::from_millis(1), &[7; 10]);
        let shards = ListShards::parse(&format!("{tenant}=4")).unwrap();
        let mut counts = [0; 4];
        for n in 0..1000 {
            counts[shards.shard(tenant, &format!("lead_{n}")) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
    }
}
