//! Answers the challenge of a sign-in with a second factor. The use of the factor, the end of the challenge and the new
//! session are one transaction, so that a code, a recovery code and a challenge each work once.

use super::activate_totp::sealed_bytes;
use super::challenge_token::ChallengeToken;
use super::recovery_codes::recovery_code_hash;
use super::totp::matching_step;
use crate::access_token::{Issuer, SessionTokens};
use crate::found_person::{FoundPerson, load_person};
use crate::open_session::{NewSession, SignedInPerson};
use crate::passkeys::{PasskeyAssertion, RelyingParty};
use application_core::command::retry_on_conflict;
use application_core::limits::{
    LOGINS_PER_ADDRESS, TOTP_CODES_PER_ACCOUNT, allowed, masked_network, network,
};
use application_core::repository::{Actor, PendingChange};
use application_core::secret::same;
use application_core::{Context, Error, fingerprint};
use domain::AggregateType;
use domain::id::{AccountId, OrganizationId};
use domain::identity::{
    AccountFactors, AccountFactorsEvent, AuthenticationMethod, FactorMethod, SignInChallenge,
    accept_totp_code, refuse_second_factor, use_passkey, use_recovery_code, verify_second_factor,
};
use ports::{
    AggregateKey, Limiter, LoadedToChange, SecretSealing, Store, SubjectKeys, TokenSigner, Transaction,
};
use std::fmt;
use std::sync::Arc;

/// The ports of the use case.
pub struct VerifyMfa {
    /// Loads the challenge and commits the session.
    pub store: Arc<dyn Store>,
    /// Counts attempts.
    pub limiter: Arc<dyn Limiter>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// The issuer and the audience of tokens.
    pub issuer: Issuer,
    /// Opens the secret of the authenticator app.
    pub secrets: Arc<dyn SecretSealing>,
    /// The site that passkeys belong to.
    pub relying_party: RelyingParty,
}

/// The proof that a client answers with.
pub enum FactorAnswer {
    /// The code of an authenticator app.
    Totp(String),
    /// A recovery code.
    RecoveryCode(String),
    /// The signature of a passkey.
    Passkey(PasskeyAssertion),
}

impl FactorAnswer {
    fn method(&self) -> FactorMethod {
        match self {
            Self::Totp(_) => FactorMethod::Totp,
            Self::RecoveryCode(_) => FactorMethod::RecoveryCode,
            Self::Passkey(_) => FactorMethod::Passkey,
        }
    }
}

impl fmt::Debug for FactorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method().as_str())
    }
}

/// The fields of the request.
#[derive(Debug)]
pub struct MfaAnswer<'a> {
    /// The challenge, as login answered it.
    pub challenge_id: &'a str,
    /// The proof.
    pub answer: &'a FactorAnswer,
    /// Network address, for the limit.
    pub source_address: &'a str,
}

/// The decision about an answer.
enum Verdict {
    Right(AccountFactorsEvent),
    /// With the event of the factors that reports the reason, if there is one.
    Wrong(Option<AccountFactorsEvent>),
}

/// Tokens for a right answer.
///
/// # Errors
///
/// [`Error::Unauthenticated`] for a wrong answer and for a challenge that does not exist, has ended or was answered: the
/// caller can't tell them apart.
pub async fn verify_mfa(
    needs: &VerifyMfa,
    context: &Context,
    request: &MfaAnswer<'_>,
) -> Result<SessionTokens, Error> {
    let by_address = fingerprint(network(request.source_address).as_bytes());
    allowed(needs.limiter.take(LOGINS_PER_ADDRESS, &by_address, context.now).await?)?;
    let token = ChallengeToken::decode(request.challenge_id)?;
    if matches!(request.answer, FactorAnswer::Totp(_)) {
        count_code(needs, context, &token).await?;
    }
    retry_on_conflict(|| Box::pin(attempt(needs, context, &token, request))).await
}

/// The challenge, if it can be answered by the holder of this text.
async fn open_challenge_of(
    store: &dyn Store,
    context: &Context,
    token: &ChallengeToken,
) -> Result<PendingChange<SignInChallenge>, Error> {
    let key = AggregateKey::new(token.organization, AggregateType::SignInChallenge, &token.challenge);
    let state = store.load(&key).await?.ok_or(Error::Unauthenticated)?;
    let challenge = PendingChange::<SignInChallenge>::resume(
        key,
        LoadedToChange { state, subject_keys: SubjectKeys::new() },
    )?;
    let held = challenge.state();
    if !held.is_open(context.now) || !same(&held.secret_hash, &token.hash()) {
        return Err(Error::Unauthenticated);
    }
    Ok(challenge)
}

/// Counts a code against the limit of its account. It bounds how many codes a holder of the password can try with ever new
/// challenges. Recovery codes and passkeys can't be guessed, are not counted, and let the owner in meanwhile.
async fn count_code(needs: &VerifyMfa, context: &Context, token: &ChallengeToken) -> Result<(), Error> {
    let challenge = open_challenge_of(needs.store.as_ref(), context, token).await?;
    let who = challenge.state().account_id.to_string();
    allowed(needs.limiter.take(TOTP_CODES_PER_ACCOUNT, &who, context.now).await?).map(drop)
}

async fn attempt(
    needs: &VerifyMfa,
    context: &Context,
    token: &ChallengeToken,
    request: &MfaAnswer<'_>,
) -> Result<SessionTokens, Error> {
    let store = needs.store.as_ref();
    let challenge = open_challenge_of(store, context, token).await?;
    let (account, device) = (challenge.state().account_id, challenge.state().device.clone());
    let found = load_person(store, token.organization, account, device.is_some()).await?;
    let mut found = found.filter(|found| found.member.state.is_active()).ok_or(Error::Unauthenticated)?;
    let factors = found.factors.take().ok_or(Error::Unauthenticated)?;
    match judge(needs, context, token, factors.state(), request.answer).await? {
        Verdict::Right(event) => {
            let method = request.answer.method();
            let tokens = sign_in(needs, context, SignIn { challenge, factors, found, event, method }).await?;
            give_code_back(needs, context, account, request.answer).await;
            Ok(tokens)
        }
        Verdict::Wrong(report) => {
            refuse(store, context, request, challenge, report.map(|event| (factors, event))).await?;
            Err(Error::Unauthenticated)
        }
    }
}

async fn judge(
    needs: &VerifyMfa,
    context: &Context,
    token: &ChallengeToken,
    factors: &AccountFactors,
    answer: &FactorAnswer,
) -> Result<Verdict, Error> {
    let right = match answer {
        FactorAnswer::Totp(code) => {
            let step = totp_step(needs, context, token.organization, factors, code).await?;
            step.and_then(|step| accept_totp_code(factors, step))
        }
        FactorAnswer::RecoveryCode(code) => use_recovery_code(factors, &recovery_code_hash(code)),
        FactorAnswer::Passkey(assertion) => {
            let passkey = factors.passkey_of_credential(&assertion.credential_id);
            let Some(passkey) = passkey.filter(|_| assertion.is_of(token.organization, factors.account_id))
            else {
                return Ok(Verdict::Wrong(None));
            };
            let challenge = token.for_passkeys();
            let count = assertion.verify(&needs.relying_party, &challenge, &passkey.credential.public_key);
            return Ok(match count.map(|count| use_passkey(factors, passkey, count)) {
                Ok(event @ AccountFactorsEvent::PasskeyUsed(_)) => Verdict::Right(event),
                Ok(refused) => Verdict::Wrong(Some(refused)),
                Err(_) => Verdict::Wrong(None),
            });
        }
    };
    Ok(right.map_or(Verdict::Wrong(None), Verdict::Right))
}

/// The time step of a code of the account's app.
async fn totp_step(
    needs: &VerifyMfa,
    context: &Context,
    organization: OrganizationId,
    factors: &AccountFactors,
    code: &str,
) -> Result<Option<u64>, Error> {
    let Some(totp) = &factors.totp else { return Ok(None) };
    let sealed = sealed_bytes(&totp.sealed_secret)?;
    let secret = needs.secrets.open(organization, factors.account_id, &sealed).await?;
    Ok(matching_step(&secret, code, context.now))
}

/// A sign-in whose second factor was right.
struct SignIn {
    challenge: PendingChange<SignInChallenge>,
    factors: PendingChange<AccountFactors>,
    found: FoundPerson,
    event: AccountFactorsEvent,
    method: FactorMethod,
}

/// Uses the factor up, ends the challenge and begins the session: one write.
async fn sign_in(needs: &VerifyMfa, context: &Context, sign_in: SignIn) -> Result<SessionTokens, Error> {
    let SignIn { mut challenge, mut factors, found, event, method } = sign_in;
    let actor = Actor::account(found.account.id);
    let device = challenge.state().device.clone();
    factors.record(&event, context, &actor)?;
    let verified = verify_second_factor(challenge.state(), method);
    challenge.record(&verified, context, &actor)?;
    let email = found.account.person.as_ref().map(|person| person.email.as_str());
    let second = match method {
        FactorMethod::Passkey => AuthenticationMethod::Passkey,
        FactorMethod::Totp | FactorMethod::RecoveryCode => AuthenticationMethod::OneTimeCode,
    };
    let person = SignedInPerson {
        organization: found.organization,
        account: found.account.id,
        role: found.member.state.role,
        email: email.ok_or(Error::Unauthenticated)?,
        device,
        subject_keys: found.subject_keys,
        methods: vec![AuthenticationMethod::Password, second],
    };
    let session = NewSession::of(&person, context)?;
    let changes = vec![factors.finish()?.0, challenge.finish()?.0, session.change.clone()];
    needs.store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    session.tokens(needs.signer.as_ref(), &needs.issuer, context, &person).await
}

/// Counts a wrong answer of the challenge, and reports what is wrong with the factor: one write. A conflict makes the whole
/// attempt run again, so a wrong answer is never told before it is counted.
async fn refuse(
    store: &dyn Store,
    context: &Context,
    request: &MfaAnswer<'_>,
    mut challenge: PendingChange<SignInChallenge>,
    report: Option<(PendingChange<AccountFactors>, AccountFactorsEvent)>,
) -> Result<(), Error> {
    let network = masked_network(request.source_address);
    let refusal = refuse_second_factor(challenge.state(), request.answer.method(), network);
    let actor = Actor::anonymous();
    challenge.record(&refusal, context, &actor)?;
    let mut changes = vec![challenge.finish()?.0];
    if let Some((mut factors, event)) = report {
        factors.record(&event, context, &actor)?;
        changes.push(factors.finish()?.0);
    }
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(())
}

/// A right code does not count. If this fails, it counts; that only makes the limit a little tighter.
async fn give_code_back(needs: &VerifyMfa, context: &Context, account: AccountId, answer: &FactorAnswer) {
    if matches!(answer, FactorAnswer::Totp(_)) {
        let who = account.to_string();
        if let Err(error) = needs.limiter.give_back(TOTP_CODES_PER_ACCOUNT, &who, context.now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a right code stays counted");
        }
    }
}
