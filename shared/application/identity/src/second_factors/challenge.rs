//! Opens a challenge for the second factor: one write, in the place of the session that the password would begin.

use super::challenge_token::ChallengeToken;
use crate::found_person::FoundPerson;
use crate::passkeys::{RelyingParty, request_options};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::identity::{AccountFactors, FactorMethod, SessionDevice, SignInChallenge, challenge_sign_in};
use ports::{AggregateKey, Store, Transaction};
use serde_json::Value;
use std::fmt;

/// A challenge that the client must answer for tokens.
#[derive(Clone, PartialEq)]
pub struct MfaChallenge {
    /// The text that names it and proves that the password was right.
    pub challenge_id: String,
    /// The ways in which it can be answered.
    pub methods: Vec<FactorMethod>,
    /// The options for `navigator.credentials.get`, when the account has passkeys.
    pub passkey_options: Option<Value>,
}

impl fmt::Debug for MfaChallenge {
    /// Prints no text of the challenge, which stands for a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MfaChallenge").field("methods", &self.methods).finish_non_exhaustive()
    }
}

/// Stores a challenge for a person whose password was right.
pub(crate) async fn open_challenge(
    store: &dyn Store,
    relying_party: &RelyingParty,
    context: &Context,
    found: &FoundPerson,
    factors: &AccountFactors,
    device: Option<SessionDevice>,
) -> Result<MfaChallenge, Error> {
    let token = ChallengeToken::new(found.organization, context)?;
    let account = found.account.id;
    let device = device.filter(|_| !found.subject_keys.is_empty());
    let event = challenge_sign_in(token.challenge, account, token.hash(), device);
    let key = AggregateKey::new(found.organization, AggregateType::SignInChallenge, &token.challenge);
    let pending =
        PendingChange::<SignInChallenge>::create(key, [], &event, context, &Actor::account(account))?;
    let (mut change, _) = pending.finish()?;
    change.subject_keys = found.subject_keys.clone();
    store.commit(&Transaction { changes: vec![change], ..Transaction::default() }).await?;
    let has_passkeys = !factors.passkeys.is_empty();
    Ok(MfaChallenge {
        challenge_id: token.encode(),
        methods: factors.methods(),
        passkey_options: has_passkeys
            .then(|| request_options(relying_party, &token.for_passkeys(), &factors.passkeys)),
    })
}
