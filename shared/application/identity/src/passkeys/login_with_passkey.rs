//! Signs a person in with a passkey alone. The authenticator has the key and has verified its user, so it is two factors at
//! once and no challenge follows. Every failure gets the same answer.

use super::one_time_challenge::{ChallengePurpose, redeem};
use super::{PasskeyAssertion, RelyingParty};
use crate::access_token::{Issuer, SessionTokens};
use crate::failed_sign_in::{FailedSignIn, record_failed_sign_in};
use crate::found_person::{FoundPerson, load_person};
use crate::open_session::{NewSession, SignedInPerson};
use application_core::command::retry_on_conflict;
use application_core::limits::{LOGINS_PER_ADDRESS, allowed, network};
use application_core::repository::Actor;
use application_core::{Context, Error, fingerprint};
use domain::identity::{Account, AccountFactorsEvent, AuthenticationMethod, SessionDevice, use_passkey};
use ports::{CommitError, IdempotencyKey, Limiter, Store, StoreError, TokenSigner, Transaction};
use serde_json::Value;
use std::sync::Arc;

/// The ports of the use case.
pub struct LoginWithPasskey {
    /// Loads accounts and commits sessions.
    pub store: Arc<dyn Store>,
    /// Counts attempts.
    pub limiter: Arc<dyn Limiter>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// The issuer and the audience of tokens.
    pub issuer: Issuer,
    /// The site that passkeys belong to.
    pub relying_party: RelyingParty,
}

/// The fields of the request.
#[derive(Debug)]
pub struct PasskeyLogin<'a> {
    /// The signature of the passkey.
    pub assertion: &'a PasskeyAssertion,
    /// Network address, for the limit.
    pub source_address: &'a str,
    /// The device, if the client names it.
    pub device: Option<SessionDevice>,
}

type Redemption = (IdempotencyKey, Value, domain::Timestamp);

/// Why a sign-in failed, and whose it was.
enum Failure {
    /// The answer is 401, and the failure is recorded.
    Refused(Option<Box<Account>>),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// Tokens of a new session.
pub async fn login_with_passkey(
    needs: &LoginWithPasskey,
    context: &Context,
    login: &PasskeyLogin<'_>,
) -> Result<SessionTokens, Error> {
    let by_address = fingerprint(network(login.source_address).as_bytes());
    allowed(needs.limiter.take(LOGINS_PER_ADDRESS, &by_address, context.now).await?)?;
    let (store, limiter) = (needs.store.as_ref(), needs.limiter.as_ref());
    let result = retry_on_conflict(|| {
        Box::pin(async {
            match attempt(needs, context, login).await {
                Ok(tokens) => Ok(Ok(tokens)),
                Err(Failure::Refused(account)) => Ok(Err(account.map(|account| *account))),
                Err(Failure::Other(error)) => Err(error),
            }
        })
    });
    let account = match result.await? {
        Ok(tokens) => return Ok(tokens),
        Err(account) => account,
    };
    let name_hash = fingerprint(login.assertion.credential_id.as_bytes());
    let failed = FailedSignIn {
        account: account.as_ref(),
        name_hash: &name_hash,
        source_address: login.source_address,
    };
    record_failed_sign_in(store, limiter, context, &failed).await;
    Err(Error::Unauthenticated)
}

async fn attempt(
    needs: &LoginWithPasskey,
    context: &Context,
    login: &PasskeyLogin<'_>,
) -> Result<SessionTokens, Failure> {
    let (store, assertion) = (needs.store.as_ref(), login.assertion);
    let refused = || Failure::Refused(None);
    let challenge = assertion.challenge(&needs.relying_party).map_err(|_| refused())?;
    let (organization, account) = assertion.user().ok_or_else(refused)?;
    let redemption =
        redeem(store, context, ChallengePurpose::Login, &challenge).await?.ok_or_else(refused)?;
    let found = load_person(store, organization, account, login.device.is_some()).await?;
    let mut found = found.ok_or_else(refused)?;
    let refused = || Failure::Refused(Some(Box::new(found.account.clone())));
    let factors = found.factors.as_ref().filter(|_| found.member.state.is_active()).ok_or_else(refused)?;
    let passkey = factors.state().passkey_of_credential(&assertion.credential_id).ok_or_else(refused)?;
    let count = assertion.verify(&needs.relying_party, &challenge, &passkey.credential.public_key);
    let event = use_passkey(factors.state(), passkey, count.map_err(|_| refused())?);
    let is_used = matches!(event, AccountFactorsEvent::PasskeyUsed(_));
    let mut factors = found.factors.take().ok_or_else(|| Failure::Refused(None))?;
    factors.record(&event, context, &Actor::account(account))?;
    if !is_used {
        factors.commit(store).await?;
        return Err(Failure::Refused(Some(Box::new(found.account))));
    }
    let person = person(&found, login.device.clone())?;
    let session = NewSession::of(&person, context)?;
    let changes = vec![factors.finish()?.0, session.change.clone()];
    commit(store, changes, redemption).await?;
    Ok(session.tokens(needs.signer.as_ref(), &needs.issuer, context, &person).await?)
}

fn person(found: &FoundPerson, device: Option<SessionDevice>) -> Result<SignedInPerson<'_>, Failure> {
    let email = found.account.person.as_ref().map(|person| person.email.as_str());
    Ok(SignedInPerson {
        organization: found.organization,
        account: found.account.id,
        role: found.member.state.role,
        email: email.ok_or(Failure::Refused(None))?,
        device,
        subject_keys: found.subject_keys.clone(),
        methods: vec![AuthenticationMethod::Passkey],
    })
}

/// Begins the session and redeems the challenge: one write.
async fn commit(
    store: &dyn Store,
    changes: Vec<ports::Change>,
    redemption: Redemption,
) -> Result<(), Failure> {
    let transaction = Transaction {
        changes,
        idempotency: Some(redemption),
        idempotency_claimed: true,
        ..Transaction::default()
    };
    match store.commit(&transaction).await {
        Ok(()) => Ok(()),
        // Another request redeemed the challenge first.
        Err(CommitError::Repeated(_)) => Err(Failure::Refused(None)),
        Err(error) => Err(Failure::Other(error.into())),
    }
}
