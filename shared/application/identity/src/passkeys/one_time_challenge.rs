//! Challenges for passkeys, each of which works once and for five minutes. A challenge is a claimed idempotency key: it is
//! an item that expires, leaves nothing in the ledger, and the transaction that redeems it completes the claim, which
//! succeeds once.

use application_core::repository::random;
use application_core::{Context, Error, fingerprint};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::AccountId;
use domain::identity::CHALLENGE_SECONDS;
use ports::{Claim, IdempotencyKey, Store};
use serde_json::{Value, json};

/// What a challenge may be used for.
#[derive(Debug, Clone, Copy)]
pub(super) enum ChallengePurpose {
    /// To register a passkey of this account.
    Registration(AccountId),
    /// To sign in.
    Login,
}

impl ChallengePurpose {
    fn scope(self) -> String {
        match self {
            Self::Registration(account) => format!("passkey_registration#{account}"),
            Self::Login => "passkey_login".to_owned(),
        }
    }
}

/// The record of an issued challenge.
fn issued(purpose: ChallengePurpose, challenge: &str) -> IdempotencyKey {
    let request_hash = fingerprint(b"issued");
    IdempotencyKey { scope: purpose.scope(), key: fingerprint(challenge.as_bytes()), request_hash }
}

/// The record that a look-up leaves for a moment where no challenge was issued. It differs from that of an issued one, so
/// that no look-up ever issues a challenge.
fn looked_up(purpose: ChallengePurpose, challenge: &str) -> IdempotencyKey {
    IdempotencyKey { request_hash: fingerprint(b"looked up"), ..issued(purpose, challenge) }
}

/// A new challenge, base64url: one write.
pub(super) async fn issue(
    store: &dyn Store,
    context: &Context,
    purpose: ChallengePurpose,
) -> Result<String, Error> {
    let challenge = URL_SAFE_NO_PAD.encode(random::<32>(context.entropy.as_ref())?);
    let ends = context.now.plus_seconds(CHALLENGE_SECONDS);
    match store.claim(&issued(purpose, &challenge), context.now, ends).await? {
        Claim::Claimed => Ok(challenge),
        // 256 random bits came twice.
        Claim::Taken(_) => Err(Error::Conflict),
    }
}

/// The part of a transaction that redeems the challenge, if it was issued for this purpose and can still be redeemed. The
/// transaction fails if another one redeems it first.
pub(super) async fn redeem(
    store: &dyn Store,
    context: &Context,
    purpose: ChallengePurpose,
    challenge: &str,
) -> Result<Option<(IdempotencyKey, Value, domain::Timestamp)>, Error> {
    let (key, probe) = (issued(purpose, challenge), looked_up(purpose, challenge));
    match store.claim(&probe, context.now, context.now.plus_seconds(1)).await? {
        Claim::Taken(record) if record.request_hash == key.request_hash && record.outcome.is_none() => {
            Ok(Some((key, json!({"redeemed": true}), context.now)))
        }
        Claim::Taken(_) => Ok(None),
        Claim::Claimed => {
            application_core::command::release(store, &probe).await;
            Ok(None)
        }
    }
}
