//! Sends the link by which a person verifies the address of their account again.

use application_core::limits::{MAILS_PER_ACCOUNT, allowed};
use application_core::mail_token::{MailTokenKey, NewMailToken, issue_mail_token};
use application_core::repository::{self, Actor};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::identity::{Account, MailLanguage, OneTimeTokenPurpose};
use ports::{AggregateKey, Limiter, Store, Transaction};
use std::sync::Arc;

/// The ports of the use case.
pub struct RequestEmailVerification {
    /// Loads accounts and commits tokens.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// The key of the tokens.
    pub key: MailTokenKey,
}

/// Makes a token that the job sends, unless the address is verified already.
pub async fn request_email_verification(
    needs: &RequestEmailVerification,
    context: &Context,
    authority: &Authority<UseAccount>,
    language: MailLanguage,
) -> Result<(), Error> {
    let account_id = authority.account();
    let who = format!("verification-{account_id}");
    allowed(needs.limiter.take(MAILS_PER_ACCOUNT, &who, context.now).await?)?;
    // The account may be stored in another organization than the one that the person works in.
    let organization = authority.account_organization();
    let key = AggregateKey::new(organization, AggregateType::Account, &account_id);
    let account =
        repository::load::<Account>(needs.store.as_ref(), &key).await?.ok_or(Error::NotFound)?.state;
    let Some(person) = account.person.filter(|_| account.email_verified_at.is_none()) else {
        return Ok(());
    };
    let change = issue_mail_token(
        &needs.key,
        context,
        &Actor::account(account_id),
        &NewMailToken {
            organization,
            account: account_id,
            purpose: OneTimeTokenPurpose::EmailVerification,
            email: &person.email,
            language,
        },
    )?;
    needs.store.commit(&Transaction { changes: vec![change], ..Transaction::default() }).await?;
    Ok(())
}
