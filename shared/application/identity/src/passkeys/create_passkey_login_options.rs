//! The options with which a browser asks for any passkey of the site. They name no account.

use super::RelyingParty;
use super::one_time_challenge::{ChallengePurpose, issue};
use super::options::request_options;
use application_core::limits::{LOGINS_PER_ADDRESS, allowed, network};
use application_core::{Context, Error, fingerprint};
use ports::{Limiter, Store};
use serde_json::Value;
use std::sync::Arc;

/// The ports of the use case.
pub struct PasskeyLoginOptions {
    /// Stores the challenge.
    pub store: Arc<dyn Store>,
    /// Counts attempts.
    pub limiter: Arc<dyn Limiter>,
    /// The site that passkeys belong to.
    pub relying_party: RelyingParty,
}

/// The options with a new challenge: two writes, of which the first counts the network address.
pub async fn create_passkey_login_options(
    needs: &PasskeyLoginOptions,
    context: &Context,
    source_address: &str,
) -> Result<Value, Error> {
    let by_address = fingerprint(network(source_address).as_bytes());
    allowed(needs.limiter.take(LOGINS_PER_ADDRESS, &by_address, context.now).await?)?;
    let challenge = issue(needs.store.as_ref(), context, ChallengePurpose::Login).await?;
    Ok(request_options(&needs.relying_party, &challenge, &[]))
}
