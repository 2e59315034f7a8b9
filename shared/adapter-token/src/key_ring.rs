//! The public keys that a process has fetched, kept for its life.
//!
//! Keys change only with a deployment, so fetched keys stay valid. A token that names an unknown key may be newer than
//! the fetched keys and causes another fetch, but at most one a minute: a flood of invented names must not become a
//! flood of calls to the key service.

use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::DecodingKey;
use ports::{BoxFuture, Jwk, TokenError};

/// Fetches every key that verifies, the signing key first.
pub type KeySource = Box<dyn Fn() -> BoxFuture<'static, Result<Vec<Jwk>, TokenError>> + Send + Sync>;

/// Seconds between two fetches for an unknown key.
const LOOK_AGAIN_SECONDS: i64 = 60;

pub(crate) struct KeyRing {
    source: KeySource,
    held: Mutex<Option<HeldKeys>>,
}

#[derive(Clone)]
struct HeldKeys {
    keys: Arc<[Key]>,
    looked_at: i64,
}

struct Key {
    published: Jwk,
    decoding: DecodingKey,
}

impl KeyRing {
    pub(crate) fn new(source: KeySource) -> Self {
        Self { source, held: Mutex::new(None) }
    }

    /// The key that a token names, if it is in the ring.
    pub(crate) async fn find(&self, kid: &str, now: i64) -> Result<Option<DecodingKey>, TokenError> {
        let mut held = match self.held() {
            Some(held) => held,
            None => self.fetch_keys(now).await?,
        };
        if !held.has(kid) && now >= held.looked_at.saturating_add(LOOK_AGAIN_SECONDS) {
            // The time is noted before the call, so that an unreachable key service isn't asked for every such token
            // either.
            self.hold(HeldKeys { looked_at: now, ..held });
            held = self.fetch_keys(now).await?;
        }
        Ok(held.keys.iter().find(|key| key.published.kid == kid).map(|key| key.decoding.clone()))
    }

    /// Every key, in the order of the source.
    pub(crate) async fn published(&self) -> Result<Vec<Jwk>, TokenError> {
        let held = match self.held() {
            Some(held) => held,
            // There is no clock here: keys that a fresh process published are fetched again when a token asks for an
            // unknown one.
            None => self.fetch_keys(i64::MIN).await?,
        };
        Ok(held.keys.iter().map(|key| key.published.clone()).collect())
    }

    async fn fetch_keys(&self, now: i64) -> Result<HeldKeys, TokenError> {
        let keys = (self.source)().await?;
        let keys = keys.into_iter().map(Key::try_from).collect::<Result<_, _>>()?;
        let held = HeldKeys { keys, looked_at: now };
        self.hold(held.clone());
        Ok(held)
    }

    fn held(&self) -> Option<HeldKeys> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: HeldKeys) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }
}

impl HeldKeys {
    fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.published.kid == kid)
    }
}

impl TryFrom<Jwk> for Key {
    type Error = TokenError;

    /// A key of the source that this can't read is a fault of the key service, not of the token.
    fn try_from(published: Jwk) -> Result<Self, TokenError> {
        let decoding = DecodingKey::from_rsa_components(&published.n, &published.e)
            .map_err(|error| TokenError::Unavailable(error.into()))?;
        Ok(Self { published, decoding })
    }
}
