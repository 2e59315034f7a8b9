//! Logs a person in. Every failure gives the same answer after the same work, so that nobody learns which addresses
//! have accounts. Failures are recorded for the audit log. The limits by network and by account come first, and a limit by
//! organization bounds what is recorded, so that nobody can fill the log.

use super::access_token::{Issuer, SessionTokens, issue};
use super::password;
use super::refresh_token::PresentedToken;
use application_core::limits::{
    LOGINS_PER_ACCOUNT, LOGINS_PER_ADDRESS, RECORDED_LOGIN_FAILURES, allowed, masked_network, network,
};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error, fingerprint};
use domain::audit::{FailedLogin, LoginAttempt, fail_login};
use domain::email_address::{mailbox_key, mailbox_keys};
use domain::id::{LoginTag, OrganizationId, no_organization};
use domain::identity::{Account, Session, StartSession, start_session};
use domain::tenancy::Member;
use domain::{AggregateType, Versioned};
use futures_util::future::try_join_all;
use ports::{AggregateKey, Limiter, PasswordHasher, Store, StoreError, TokenSigner, UniqueKind};
use std::sync::Arc;

/// The ports of the use case.
pub struct Login {
    /// Loads accounts and commits sessions.
    pub store: Arc<dyn Store>,
    /// Counts attempts.
    pub limiter: Arc<dyn Limiter>,
    /// Verifies passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// The issuer and the audience of tokens.
    pub issuer: Issuer,
}

/// The fields of the request.
pub struct Credentials<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// Network address, for the limit.
    pub source_address: &'a str,
}

/// Signs in and starts a session.
pub async fn login(
    needs: &Login,
    context: &Context,
    credentials: &Credentials<'_>,
) -> Result<SessionTokens, Error> {
    let by_account = fingerprint(mailbox_key(credentials.email).as_bytes());
    let by_address = fingerprint(network(credentials.source_address).as_bytes());
    // The network address first: an address over its limit must not use up the accounts of others.
    allowed(needs.limiter.take(LOGINS_PER_ADDRESS, &by_address, context.now).await?)?;
    let (account, holder) = futures_util::future::join(
        needs.limiter.take(LOGINS_PER_ACCOUNT, &by_account, context.now),
        find_holder(needs.store.as_ref(), credentials.email),
    )
    .await;
    allowed(account?)?;

    let found = find(needs.store.as_ref(), context, holder?).await?;
    let hash =
        found.as_ref().and_then(|(account, _)| account.person.as_ref()).map(|person| &*person.password_hash);
    let matches = password::verify(needs.passwords.as_ref(), credentials.password, hash)?;
    let (account, member) = match found {
        Some(found) if matches => found,
        other => {
            let account = other.map(|(account, _)| account);
            record_failure(needs, context, account.as_ref(), &by_account, credentials).await;
            return Err(Error::Unauthenticated);
        }
    };
    start(needs, context, &account, &member).await
}

/// The account of a mailbox. All keys of the mailbox are looked up at once, so that the time does not show which of
/// them has an account.
async fn find_holder(store: &dyn Store, email: &str) -> Result<Option<AggregateKey>, StoreError> {
    let keys = mailbox_keys(email);
    let found = try_join_all(keys.iter().map(|key| store.find_unique(UniqueKind::Email, key))).await?;
    Ok(found.into_iter().flatten().next())
}

/// The account of an address. Without one, ids that do not exist are looked up, so that the work is the same.
async fn find(
    store: &dyn Store,
    context: &Context,
    holder: Option<AggregateKey>,
) -> Result<Option<(Account, Member)>, Error> {
    let (tenant, account) = match holder {
        Some(holder) => {
            let account =
                holder.id().parse().map_err(|_| StoreError::Malformed("the holder of an address"))?;
            (holder.tenant(), account)
        }
        None => (context.new_id()?, context.new_id()?),
    };
    super::get_profile::account_and_member(store, tenant, account).await
}

/// Records a failed login: one write, whether or not the address has an account. If it fails, that is logged and the
/// answer stays the same. Beyond a limit it is only logged.
async fn record_failure(
    needs: &Login,
    context: &Context,
    account: Option<&Account>,
    email_hash: &str,
    credentials: &Credentials<'_>,
) {
    let written = async {
        let tenant = account.map_or_else(no_organization, |account| account.organization_id);
        let who = tenant.to_string();
        if !needs.limiter.take(RECORDED_LOGIN_FAILURES, &who, context.now).await?.allowed {
            tracing::warn!("too many failed logins to record this one in the audit log");
            return Ok::<(), Error>(());
        }
        let key = AggregateKey::new(tenant, AggregateType::FailedLogin, &context.new_id::<LoginTag>()?);
        let event = fail_login(LoginAttempt {
            account_id: account.map(|account| account.id),
            email_hash: account.is_none().then(|| email_hash.to_owned()),
            network: masked_network(credentials.source_address),
        });
        let failed = PendingChange::<FailedLogin>::create(key, [], &event, context, &Actor::anonymous())?;
        failed.commit(needs.store.as_ref()).await.map(drop)
    };
    if let Err(error) = written.await {
        tracing::error!(error = &error as &dyn std::error::Error, "a failed sign-in was not recorded");
    }
}

async fn start(
    needs: &Login,
    context: &Context,
    account: &Account,
    member: &Member,
) -> Result<SessionTokens, Error> {
    let tenant: OrganizationId = account.organization_id;
    let session_id = context.new_id()?;
    let (token, kept) = PresentedToken::first(tenant, account.id, session_id, context)?;
    let event = start_session(StartSession {
        id: session_id,
        account_id: account.id,
        family_hash: token.family_hash(),
        token: kept,
        at: context.now,
    });
    let key = AggregateKey::new(tenant, AggregateType::Session, &session_id);
    let pending = PendingChange::<Session>::create(key, [], &event, context, &Actor::account(account.id))?;
    let Versioned { state: session, .. } = pending.commit(needs.store.as_ref()).await?;
    let who = (&tenant, account, member, &session);
    issue(needs.signer.as_ref(), &needs.issuer, context, who, token.encode()).await
}

/// Reads a member and an account from a batch.
pub(super) fn both(
    account: Option<ports::StoredState>,
    member: Option<ports::StoredState>,
) -> Result<Option<(Account, Member)>, Error> {
    let (Some(account), Some(member)) = (account, member) else { return Ok(None) };
    Ok(Some((account.decode()?.state, member.decode()?.state)))
}
