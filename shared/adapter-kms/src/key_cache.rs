//! Plaintext data keys of tenants that a warm process holds, so that a command needs no call to KMS.
//!
//! The cache is bounded in number and in time: after ten minutes KMS is asked again, so a revoked key stops working.
//! The bytes are not wiped on removal, because their users hold copies anyway; they end with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::id::OrganizationId;
use ports::{DataKey, WrappedKey};

/// The most keys that are held. A process that serves more tenants within ten minutes asks KMS again for the least
/// recently used.
const MOST: usize = 256;
const LIFETIME: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(crate) struct KeyCache(Mutex<HashMap<OrganizationId, Entry>>);

struct Entry {
    key: DataKey,
    wrapped: WrappedKey,
    fetched: Instant,
    used: Instant,
}

impl KeyCache {
    /// The key of a tenant, if it is held; if a wrapped form is given, only the key of exactly that form.
    pub(crate) fn get(
        &self,
        tenant: OrganizationId,
        wrapped: Option<&WrappedKey>,
        now: Instant,
    ) -> Option<DataKey> {
        let mut entries = self.entries();
        let entry = entries.get_mut(&tenant)?;
        let fresh = now.saturating_duration_since(entry.fetched) < LIFETIME;
        if !fresh || wrapped.is_some_and(|wrapped| *wrapped != entry.wrapped) {
            return None;
        }
        entry.used = now;
        Some(entry.key.clone())
    }

    /// Holds a newly fetched key, in place of any other of the tenant.
    pub(crate) fn put(&self, tenant: OrganizationId, key: DataKey, wrapped: WrappedKey, now: Instant) {
        let mut entries = self.entries();
        entries.retain(|_, entry| now.saturating_duration_since(entry.fetched) < LIFETIME);
        if entries.len() >= MOST && !entries.contains_key(&tenant) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.used).map(|(tenant, _)| *tenant);
            oldest.map(|tenant| entries.remove(&tenant));
        }
        entries.insert(tenant, Entry { key, wrapped, fetched: now, used: now });
    }

    /// Entries are replaced whole, so they stay consistent when another holder of the lock panics.
    fn entries(&self) -> MutexGuard<'_, HashMap<OrganizationId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::id::new_id;

    use super::*;

    fn tenant(number: usize) -> OrganizationId {
        new_id(Timestamp::from_millis(i64::try_from(number).unwrap()), &[0; 10])
    }

    fn held(cache: &KeyCache, number: usize, now: Instant) -> bool {
        cache.get(tenant(number), None, now).is_some()
    }

    fn put(cache: &KeyCache, number: usize, now: Instant) {
        cache.put(tenant(number), DataKey([1; 32]), WrappedKey(vec![1]), now);
    }

    #[test]
    fn a_key_is_forgotten_after_ten_minutes_even_when_used() {
        let (cache, start) = (KeyCache::default(), Instant::now());
        put(&cache, 1, start);
        assert!(held(&cache, 1, start + LIFETIME - Duration::from_millis(1)));
        assert!(!held(&cache, 1, start + LIFETIME));
    }

    #[test]
    fn only_the_wrapped_form_it_came_from_finds_a_key() {
        let (cache, now) = (KeyCache::default(), Instant::now());
        put(&cache, 1, now);
        assert!(cache.get(tenant(1), Some(&WrappedKey(vec![1])), now).is_some());
        assert!(cache.get(tenant(1), Some(&WrappedKey(vec![2])), now).is_none());
        assert!(cache.get(tenant(2), Some(&WrappedKey(vec![1])), now).is_none());
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let (cache, start) = (KeyCache::default(), Instant::now());
        let at = |step: usize| start + Duration::from_millis(u64::try_from(step).unwrap());
        (0..MOST).for_each(|number| put(&cache, number, at(number)));
        assert!(held(&cache, 0, at(MOST)));
        put(&cache, MOST, at(MOST + 1));
        assert!(held(&cache, 0, at(MOST + 2)) && held(&cache, MOST, at(MOST + 2)));
        assert!(!held(&cache, 1, at(MOST + 2)));
        assert_eq!(cache.entries().len(), MOST);
    }
}
