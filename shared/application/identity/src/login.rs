//! Logs a person in. Every failure gives the same answer after the same work, so that nobody learns which addresses
//! have accounts. Failures are recorded for the audit log. The limits by network and by account come first, and a limit by
//! organization bounds what is recorded, so that nobody can fill the log.

use super::access_token::{Issuer, SessionTokens};
use super::account_holder::find_holder;
use super::failed_sign_in::{FailedSignIn, record_failed_sign_in};
use super::found_person::{FoundPerson, load_person};
use super::open_session::{SignedInPerson, open_session};
use super::passkeys::RelyingParty;
use super::password;
use super::second_factors::{MfaChallenge, open_challenge};
use application_core::limits::{LOGINS_PER_ACCOUNT, LOGINS_PER_ADDRESS, allowed, network};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error, fingerprint};
use domain::AggregateType;
use domain::email_address::mailbox_key;
use domain::identity::{Account, AuthenticationMethod, SessionDevice, rehash_password};
use ports::{AggregateKey, Limiter, PasswordHasher, Store, StoreError, TokenSigner};
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
    /// The site that passkeys belong to.
    pub relying_party: RelyingParty,
}

/// The fields of the request.
pub struct Credentials<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// Network address, for the limit.
    pub source_address: &'a str,
    /// The device, if the client names it.
    pub device: Option<SessionDevice>,
}

/// The result of a right password.
#[derive(Debug, Clone, PartialEq)]
pub enum LoginResult {
    /// A session began.
    Tokens(SessionTokens),
    /// The account has a second factor, which must be shown first.
    Challenge(MfaChallenge),
}

/// Signs in and starts a session, or opens a challenge for the second factor.
pub async fn login(
    needs: &Login,
    context: &Context,
    credentials: &Credentials<'_>,
) -> Result<LoginResult, Error> {
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

    let names_device = credentials.device.is_some();
    let found = find(needs.store.as_ref(), context, holder?, names_device).await?;
    let hash =
        found.as_ref().and_then(|found| found.account.person.as_ref()).map(|person| &*person.password_hash);
    let matches = password::verify(needs.passwords.as_ref(), credentials.password, hash)?;
    match found {
        Some(found) if matches && found.member.state.is_active() => {
            hash_again(needs, context, &found.account, credentials.password).await;
            start(needs, context, found, credentials.device.clone()).await
        }
        other => {
            let account = other.map(|found| found.account);
            let failed = FailedSignIn {
                account: account.as_ref(),
                name_hash: &by_account,
                source_address: credentials.source_address,
            };
            record_failed_sign_in(needs.store.as_ref(), needs.limiter.as_ref(), context, &failed).await;
            Err(Error::Unauthenticated)
        }
    }
}

/// The account of an address, its factors and its member, read at the same time. Without an account, ids that do not exist
/// are looked up, so that the work is the same.
async fn find(
    store: &dyn Store,
    context: &Context,
    holder: Option<AggregateKey>,
    names_device: bool,
) -> Result<Option<FoundPerson>, Error> {
    let (organization, account) = match holder {
        Some(holder) => {
            let account =
                holder.id().parse().map_err(|_| StoreError::Malformed("the holder of an address"))?;
            (holder.tenant(), account)
        }
        None => (context.new_id()?, context.new_id()?),
    };
    load_person(store, organization, account, names_device).await
}

/// Tokens, or the challenge when the account has a second factor: one write.
async fn start(
    needs: &Login,
    context: &Context,
    found: FoundPerson,
    device: Option<SessionDevice>,
) -> Result<LoginResult, Error> {
    let store = needs.store.as_ref();
    let factors = found.factors.as_ref().map(PendingChange::state);
    if let Some(factors) = factors.filter(|factors| factors.is_required_at_login()) {
        let relying_party = &needs.relying_party;
        let challenge = open_challenge(store, relying_party, context, &found, factors, device).await?;
        return Ok(LoginResult::Challenge(challenge));
    }
    let person = found.account.person.as_ref().ok_or(Error::Unauthenticated)?;
    let person = SignedInPerson {
        organization: found.organization,
        account: found.account.id,
        role: found.member.state.role,
        email: &person.email,
        device,
        subject_keys: found.subject_keys,
        methods: vec![AuthenticationMethod::Password],
    };
    let tokens = open_session(store, needs.signer.as_ref(), &needs.issuer, context, &person).await?;
    Ok(LoginResult::Tokens(tokens))
}

/// Hashes the password again if its hash was made with parameters of an earlier day: one read and one write. If this fails, it
/// is logged, and the next sign-in tries again.
async fn hash_again(needs: &Login, context: &Context, account: &Account, given: &str) {
    let Some(person) = &account.person else { return };
    if !needs.passwords.is_outdated(&person.password_hash) {
        return;
    }
    let written = async {
        let hash = password::hash(needs.passwords.as_ref(), given)?;
        let key = AggregateKey::new(account.organization_id, AggregateType::Account, &account.id);
        let subjects = [Account::subject(&account.id)];
        let Some(mut stored) = PendingChange::<Account>::load(needs.store.as_ref(), key, &subjects).await?
        else {
            return Ok::<(), Error>(());
        };
        // The password may have been changed in between; then its hash is the newest.
        if stored.state() == account {
            let event = rehash_password(account, hash);
            stored.record(&event, context, &Actor::system("login"))?;
            stored.commit(needs.store.as_ref()).await?;
        }
        Ok(())
    };
    if let Err(error) = written.await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a password was not hashed again");
    }
}
