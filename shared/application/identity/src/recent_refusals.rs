//! Credentials that were refused in the last minute, so that a wrong key that is sent again and again is looked up once a
//! minute. API Gateway does the same on the routes whose answers it keeps; on the others it asks for each request.

use super::authenticate::{Authenticate, authenticate};
use application_core::fingerprint;
use domain::Timestamp;
use domain::authority::Caller;
use ports::TokenError;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As long as the gateway keeps a refusal.
const KEPT_SECONDS: i64 = 60;
/// The number of refusals that a process remembers; then it forgets all and begins anew.
const MOST_REMEMBERED: usize = 1000;

/// The refusals of one process. Only hashes of the credentials are kept.
#[derive(Default)]
pub struct RecentRefusals(Mutex<HashMap<String, Timestamp>>);

impl RecentRefusals {
    /// The caller whom a credential identifies at `now`, like [`authenticate`]. Only what is not valid is remembered: a
    /// failure of a service says nothing about a credential.
    pub async fn authenticate(
        &self,
        needs: &Authenticate,
        credential: &str,
        now: Timestamp,
    ) -> Result<Caller, TokenError> {
        let hash = fingerprint(credential.as_bytes());
        if self.contains(&hash, now) {
            return Err(TokenError::Invalid("it was refused a moment ago"));
        }
        let result = authenticate(needs, credential, now).await;
        if let Err(TokenError::Invalid(_)) = &result {
            self.remember(hash, now);
        }
        result
    }

    fn contains(&self, hash: &str, now: Timestamp) -> bool {
        let fresh = now.plus_seconds(-KEPT_SECONDS);
        self.remembered().get(hash).is_some_and(|refused| *refused > fresh && *refused <= now)
    }

    fn remember(&self, hash: String, now: Timestamp) {
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(hash, now);
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_SECONDS, MOST_REMEMBERED, RecentRefusals};
    use domain::Timestamp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_refusal_is_remembered_for_a_minute() {
        let refusals = RecentRefusals::default();
        refusals.remember("a".to_owned(), at(100));
        assert!(refusals.contains("a", at(100)) && refusals.contains("a", at(100 + KEPT_SECONDS - 1)));
        assert!(!refusals.contains("a", at(100 + KEPT_SECONDS)) && !refusals.contains("b", at(100)));
        // A clock that was set back does not make it longer.
        assert!(!refusals.contains("a", at(99)));
    }

    #[test]
    fn a_process_remembers_a_bounded_number() {
        let refusals = RecentRefusals::default();
        for number in 0..=MOST_REMEMBERED {
            refusals.remember(number.to_string(), at(100));
        }
        assert_eq!(refusals.remembered().len(), 1);
        assert!(refusals.contains(&MOST_REMEMBERED.to_string(), at(100)));
    }
}
