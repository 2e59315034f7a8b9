//! Chooses another password with a token from a mail. The token is used in the same transaction as the password is changed,
//! and every session of the account ends.

use super::end_sessions::end_sessions;
use super::password;
use application_core::command::retry_on_conflict;
use application_core::limits::{MAILS_PER_ADDRESS, allowed, network};
use application_core::mail_token::{PresentedMailToken, spend};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error, fingerprint};
use domain::AggregateType;
use domain::field::FieldChecks;
use domain::identity::{
    Account, OneTimeTokenPurpose, Revocation, TokenUnusable, change_password, check_password,
};
use ports::{AggregateKey, Limiter, PasswordHasher, Store, Transaction};
use std::sync::Arc;

/// The ports of the use case.
pub struct ResetPassword {
    /// Loads and commits accounts, tokens and sessions.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// Hashes the password.
    pub passwords: Arc<dyn PasswordHasher>,
}

/// The fields of the request.
pub struct NewPassword<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// The new password.
    pub password: &'a str,
    /// Network address, for the limit.
    pub source_address: &'a str,
}

/// Changes the password. A refused password does not use the token up.
pub async fn reset_password(
    needs: &ResetPassword,
    context: &Context,
    request: &NewPassword<'_>,
) -> Result<(), Error> {
    let by_address = fingerprint(network(request.source_address).as_bytes());
    allowed(needs.limiter.take(MAILS_PER_ADDRESS, &by_address, context.now).await?)?;
    let presented = PresentedMailToken::decode(request.token)?;
    // Another request may use the token at the same time; then the next attempt sees that it is used.
    retry_on_conflict(|| Box::pin(attempt(needs, context, &presented, request.password))).await
}

async fn attempt(
    needs: &ResetPassword,
    context: &Context,
    presented: &PresentedMailToken,
    new_password: &str,
) -> Result<(), Error> {
    let store = needs.store.as_ref();
    let purpose = OneTimeTokenPurpose::PasswordReset;
    let mut token = presented.load(store, purpose).await?;
    let account_id = token.state().account_id;
    let key = AggregateKey::new(presented.organization, AggregateType::Account, &account_id);
    let account = PendingChange::<Account>::load(store, key, &[Account::subject(&account_id)]).await?;
    let mut account = account.ok_or(TokenUnusable::Unknown)?;
    let email = account.state().person.as_ref().map(|person| person.email.clone());
    let email = email.ok_or(TokenUnusable::Unknown)?;
    let actor = Actor::account(account_id);
    spend(&mut token, purpose, &email, context, &actor)?;

    let mut check = FieldChecks::default();
    check_password(&mut check, new_password, &email);
    check.finish(())?;
    let hash = password::hash(needs.passwords.as_ref(), new_password)?;
    let event = change_password(account.state(), hash);
    account.record(&event, context, &actor)?;
    // Sessions end first: if this fails, the token still works and the person tries again. A session that somebody begins in
    // between can't be refreshed, because it began before the password was changed.
    end_sessions(store, context, (presented.organization, account_id), Revocation::PasswordChanged).await?;
    let changes = vec![account.finish()?.0, token.finish()?.0];
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(())
}
