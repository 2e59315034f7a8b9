//! The passkeys of the caller.

use crate::second_factors::own_factors_key;
use application_core::Error;
use application_core::repository::load;
use domain::authority::{Authority, UseAccount};
use domain::identity::{AccountFactors, Passkey};
use ports::Store;

/// The passkeys, the oldest first: one read.
pub async fn list_passkeys(
    store: &dyn Store,
    authority: &Authority<UseAccount>,
) -> Result<Vec<Passkey>, Error> {
    let factors = load::<AccountFactors>(store, &own_factors_key(authority)).await?;
    Ok(factors.map(|factors| factors.state.passkeys).unwrap_or_default())
}
