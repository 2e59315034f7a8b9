//! The options with which a browser makes a passkey for the caller.

use super::RelyingParty;
use super::assertion::user_handle;
use super::one_time_challenge::{ChallengePurpose, issue};
use super::options::creation_options;
use crate::second_factors::own_factors_key;
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::identity::{Account, AccountFactors};
use ports::{AggregateKey, Store, StoredState};
use serde_json::Value;
use std::sync::Arc;

/// The ports of the use case.
pub struct CreatePasskeyOptions {
    /// Loads the account and stores the challenge.
    pub store: Arc<dyn Store>,
    /// The site that passkeys belong to.
    pub relying_party: RelyingParty,
}

/// The options: one batch read and one write.
///
/// # Errors
///
/// [`Error::SignInNotRecent`] after an old sign-in.
pub async fn create_passkey_options(
    needs: &CreatePasskeyOptions,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<Value, Error> {
    authority.require_recent_sign_in(context.now)?;
    let (organization, account) = (authority.account_organization(), authority.account());
    let store = needs.store.as_ref();
    let keys =
        [AggregateKey::new(organization, AggregateType::Account, &account), own_factors_key(authority)];
    let mut states = store.load_many(&keys).await?.into_iter();
    let stored = states.next().flatten().ok_or(Error::NotFound)?.decode::<Account>()?;
    let factors = states.next().flatten().map(StoredState::decode::<AccountFactors>).transpose()?;
    let person = stored.state.person.ok_or(Error::NotFound)?;
    let held = factors.map(|factors| factors.state.passkeys).unwrap_or_default();
    let challenge = issue(store, context, ChallengePurpose::Registration(account)).await?;
    let handle = user_handle(organization, account);
    Ok(creation_options(&needs.relying_party, &challenge, &handle, &person, &held))
}
