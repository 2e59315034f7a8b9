//! Records with a token from a mail that mail to the address of an account reaches the person.

use application_core::command::retry_on_conflict;
use application_core::limits::{MAILS_PER_ADDRESS, allowed, network};
use application_core::mail_token::{PresentedMailToken, address_hash, spend};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error, fingerprint};
use domain::AggregateType;
use domain::identity::{Account, OneTimeTokenPurpose, TokenUnusable, verify_email as decide};
use ports::{AggregateKey, Limiter, Store, Transaction};
use std::sync::Arc;

/// The ports of the use case.
pub struct VerifyEmail {
    /// Loads and commits accounts and tokens.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
}

/// Verifies the address. The token that verified it may be sent again, as people open a link twice; it changes nothing more.
pub async fn verify_email(
    needs: &VerifyEmail,
    context: &Context,
    token: &str,
    source_address: &str,
) -> Result<(), Error> {
    let by_address = fingerprint(network(source_address).as_bytes());
    allowed(needs.limiter.take(MAILS_PER_ADDRESS, &by_address, context.now).await?)?;
    let presented = PresentedMailToken::decode(token)?;
    retry_on_conflict(|| Box::pin(attempt(needs, context, &presented))).await
}

async fn attempt(
    needs: &VerifyEmail,
    context: &Context,
    presented: &PresentedMailToken,
) -> Result<(), Error> {
    let store = needs.store.as_ref();
    let purpose = OneTimeTokenPurpose::EmailVerification;
    let mut token = presented.load(store, purpose).await?;
    let account_id = token.state().account_id;
    let key = AggregateKey::new(presented.organization, AggregateType::Account, &account_id);
    let account = PendingChange::<Account>::load(store, key, &[]).await?;
    let mut account = account.ok_or(TokenUnusable::Unknown)?;
    let email = account.state().person.as_ref().map(|person| person.email.clone());
    let email = email.ok_or(TokenUnusable::Unknown)?;
    let state = token.state();
    let is_done = account.state().email_verified_at.is_some() && state.used_at.is_some();
    if is_done && state.address_hash == address_hash(state.id, &email) {
        return Ok(());
    }
    let actor = Actor::account(account_id);
    spend(&mut token, purpose, &email, context, &actor)?;
    let mut changes = vec![token.finish()?.0];
    if let Some(event) = decide(account.state()) {
        account.record(&event, context, &actor)?;
        changes.push(account.finish()?.0);
    }
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(())
}
