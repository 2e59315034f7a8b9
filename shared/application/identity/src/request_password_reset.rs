//! Sends a link by which a person chooses another password. Known and unknown addresses get the same answer after the same
//! work: an unknown address gets a token of an account that does not exist, in the organization that has no members, and the
//! job that sends mails finds nobody to send it to.

use super::account_holder::find_holder;
use application_core::limits::{
    MAILS_PER_ACCOUNT, MAILS_PER_ADDRESS, RECORDED_MAIL_REQUESTS, allowed, network,
};
use application_core::mail_token::{MailTokenKey, NewMailToken, issue_mail_token};
use application_core::repository::{self, Actor};
use application_core::{Context, Error, fingerprint};
use domain::AggregateType;
use domain::email_address::mailbox_key;
use domain::id::{AccountId, OrganizationId, no_organization};
use domain::identity::{Account, MailLanguage, OneTimeTokenPurpose};
use ports::{AggregateKey, Limiter, Store, StoreError, Transaction};
use std::sync::Arc;

/// The ports of the use case.
pub struct RequestPasswordReset {
    /// Loads accounts and commits tokens.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// The key of the tokens.
    pub key: MailTokenKey,
}

/// The fields of the request.
pub struct ForgottenPassword<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// Network address, for the limit.
    pub source_address: &'a str,
    /// The language of the mail.
    pub language: MailLanguage,
}

/// Makes a token that the job sends.
pub async fn request_password_reset(
    needs: &RequestPasswordReset,
    context: &Context,
    request: &ForgottenPassword<'_>,
) -> Result<(), Error> {
    let by_address = fingerprint(network(request.source_address).as_bytes());
    // The network address first: an address over its limit must not use up the mails of others.
    allowed(needs.limiter.take(MAILS_PER_ADDRESS, &by_address, context.now).await?)?;
    let by_account = format!("reset-{}", fingerprint(mailbox_key(request.email).as_bytes()));
    let (count, holder) = futures_util::future::join(
        needs.limiter.take(MAILS_PER_ACCOUNT, &by_account, context.now),
        find_holder(needs.store.as_ref(), request.email),
    )
    .await;
    allowed(count?)?;

    let holder = holder?;
    let (organization, account): (OrganizationId, AccountId) = match &holder {
        Some(holder) => {
            let account =
                holder.id().parse().map_err(|_| StoreError::Malformed("the holder of an address"))?;
            (holder.tenant(), account)
        }
        None => (no_organization(), context.new_id()?),
    };
    let key = AggregateKey::new(organization, AggregateType::Account, &account);
    let (found, recorded) = futures_util::future::join(
        repository::load::<Account>(needs.store.as_ref(), &key),
        needs.limiter.take(RECORDED_MAIL_REQUESTS, &organization.to_string(), context.now),
    )
    .await;
    let person = found?.and_then(|account| account.state.person);
    // Strangers must not be able to fill the ledger with requests for addresses that have no account. Members still get
    // their mail; the limit of their own account bounds it.
    if !recorded?.allowed && holder.is_none() {
        tracing::warn!("too many requests for unknown addresses to record this one");
        return Ok(());
    }
    let change = issue_mail_token(
        &needs.key,
        context,
        &Actor::anonymous(),
        &NewMailToken {
            organization,
            account,
            purpose: OneTimeTokenPurpose::PasswordReset,
            email: person.as_ref().map_or(request.email, |person| &person.email),
            language: request.language,
        },
    )?;
    needs.store.commit(&Transaction { changes: vec![change], ..Transaction::default() }).await?;
    Ok(())
}
