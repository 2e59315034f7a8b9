//! Adds a passkey to the caller's account.

use super::RelyingParty;
use super::one_time_challenge::{ChallengePurpose, redeem};
use super::registration::{Registration, verify_registration};
use crate::second_factors::{RecoveryCodes, own_factors_key};
use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::field::InvalidFields;
use domain::id::PasskeyId;
use domain::identity::{
    Account, AccountFactors, AddPasskey, MOST_PASSKEYS, Passkey, PasskeyName, add_passkey,
};
use ports::{AggregateKey, CommitError, IdempotencyKey, Store, Transaction};
use serde_json::Value;
use std::sync::Arc;

/// The ports of the use case. The store must be able to seal.
pub struct CreatePasskey {
    /// Loads and commits the factors.
    pub store: Arc<dyn Store>,
    /// The site that passkeys belong to.
    pub relying_party: RelyingParty,
}

/// The fields of the request.
#[derive(Debug)]
pub struct NewPasskey<'a> {
    /// The name.
    pub name: &'a PasskeyName,
    /// The JSON form of the credential that the browser made.
    pub credential: &'a Value,
}

/// A passkey that was added.
#[derive(Debug)]
pub struct CreatedPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// Recovery codes, when the passkey is the account's first factor.
    pub recovery_codes: Option<RecoveryCodes>,
}

type Redemption = (IdempotencyKey, Value, domain::Timestamp);

/// Adds the passkey.
///
/// # Errors
///
/// [`Error::Invalid`] for a credential that can't be verified or whose challenge was used or has expired, and
/// [`Error::SignInNotRecent`] after an old sign-in.
pub async fn create_passkey(
    needs: &CreatePasskey,
    context: &Context,
    authority: &Authority<UseAccount>,
    input: &NewPasskey<'_>,
) -> Result<CreatedPasskey, Error> {
    authority.require_recent_sign_in(context.now)?;
    let registration = verify_registration(input.credential, &needs.relying_party)
        .map_err(|fault| InvalidFields::one("credential", "wrong", fault.message()))?;
    let purpose = ChallengePurpose::Registration(authority.account());
    let redemption = redeem(needs.store.as_ref(), context, purpose, &registration.challenge).await?;
    let redemption = redemption.ok_or_else(expired)?;
    let id = context.new_id()?;
    let work = Work { needs, context, authority, name: input.name, registration: &registration, id };
    retry_on_conflict(|| Box::pin(attempt(&work, redemption.clone()))).await
}

fn expired() -> InvalidFields {
    let message = "answers a challenge that has expired or was used; ask for new options";
    InvalidFields::one("credential", "expired", message)
}

struct Work<'a> {
    needs: &'a CreatePasskey,
    context: &'a Context,
    authority: &'a Authority<UseAccount>,
    name: &'a PasskeyName,
    registration: &'a Registration,
    id: PasskeyId,
}

async fn attempt(work: &Work<'_>, redemption: Redemption) -> Result<CreatedPasskey, Error> {
    let Work { needs, context, authority, registration, id, .. } = *work;
    let (store, account) = (needs.store.as_ref(), authority.account());
    let account_key = AggregateKey::new(authority.account_organization(), AggregateType::Account, &account);
    // The person's key seals the name. It is stored beside the account, which always exists.
    let loaded = store.load_to_change(&account_key, &[Account::subject(&account)]).await?;
    let subject_keys = loaded.ok_or(Error::NotFound)?.subject_keys;
    let pending = PendingChange::<AccountFactors>::load(store, own_factors_key(authority), &[]).await?;
    let held = pending.as_ref().map(PendingChange::state);
    check_room(held, &registration.credential.id)?;
    let is_first = held.is_none_or(|held| !held.is_required_at_login());
    let recovery_codes = is_first.then(|| RecoveryCodes::generate(context)).transpose()?;
    let event = add_passkey(AddPasskey {
        account_id: account,
        id,
        name: work.name.clone(),
        credential: registration.credential.clone(),
        sign_count: registration.sign_count,
        recovery_code_hashes: recovery_codes.as_ref().map(RecoveryCodes::hashes).unwrap_or_default(),
    });
    let actor = Actor::account(account);
    let pending = match pending {
        Some(mut pending) => {
            pending.record(&event, context, &actor)?;
            pending
        }
        None => PendingChange::create(own_factors_key(authority), [], &event, context, &actor)?,
    };
    let (mut change, after) = pending.finish()?;
    change.subject_keys = subject_keys;
    let transaction = Transaction {
        changes: vec![change],
        idempotency: Some(redemption),
        idempotency_claimed: true,
        ..Transaction::default()
    };
    match store.commit(&transaction).await {
        Ok(()) => {}
        Err(CommitError::Repeated(_)) => return Err(expired().into()),
        Err(error) => return Err(error.into()),
    }
    let passkey = after.state.passkey(id).cloned().ok_or(Error::NotFound)?;
    Ok(CreatedPasskey { passkey, recovery_codes })
}

fn check_room(held: Option<&AccountFactors>, credential_id: &str) -> Result<(), InvalidFields> {
    let Some(held) = held else { return Ok(()) };
    if held.passkey_of_credential(credential_id).is_some() {
        return Err(InvalidFields::one("credential", "taken", "is a passkey of the account already"));
    }
    if held.passkeys.len() >= MOST_PASSKEYS {
        let message = format!("is one too many: an account has at most {MOST_PASSKEYS} passkeys; delete one");
        return Err(InvalidFields::one("credential", "too_many", message));
    }
    Ok(())
}
