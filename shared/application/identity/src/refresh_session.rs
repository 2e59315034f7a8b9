//! Continues a session with its refresh token: one batch read, one write.

use super::access_token::{Issuer, SessionTokens, TokenBearer, issue};
use super::refresh_token::PresentedToken;
use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange, random};
use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::identity::{Account, RefreshDecision, RefreshToken, Session, refresh_session as decide};
use domain::tenancy::Member;
use ports::{AggregateKey, LoadedToChange, Store, StoredState, SubjectKeys, TokenSigner};
use std::sync::Arc;

/// The ports of the use case.
pub struct RefreshSession {
    /// Loads and commits sessions.
    pub store: Arc<dyn Store>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// The issuer and the audience of tokens.
    pub issuer: Issuer,
}

/// New tokens for a refresh token. A token that was used before ends the session; that event reaches the audit log and
/// the person.
pub async fn refresh_session(
    needs: &RefreshSession,
    context: &Context,
    token: &str,
) -> Result<SessionTokens, Error> {
    let presented = PresentedToken::decode(token)?;
    // Another request may use the token at the same time; then the next attempt sees the new token.
    retry_on_conflict(|| Box::pin(attempt(needs, context, &presented))).await
}

async fn attempt(
    needs: &RefreshSession,
    context: &Context,
    presented: &PresentedToken,
) -> Result<SessionTokens, Error> {
    let tenant = presented.organization;
    let session_key = AggregateKey::new(tenant, AggregateType::Session, &presented.session);
    let keys = [
        session_key.clone(),
        AggregateKey::new(tenant, AggregateType::Account, &presented.account),
        AggregateKey::new(tenant, AggregateType::Member, &presented.account),
    ];
    let mut states = needs.store.load_many(&keys).await?.into_iter();
    let state = states.next().flatten().ok_or(Error::Unauthenticated)?;
    // The account of a member may be in another organization, and a member of an early version has no copy of the person.
    let account = states.next().flatten().map(StoredState::decode::<Account>).transpose()?;
    let member = states.next().flatten().ok_or(Error::Unauthenticated)?.decode::<Member>()?.state;
    let password_changed_at = account.as_ref().and_then(|account| account.state.password_changed_at);
    let of_account = account.and_then(|account| account.state.person).map(|person| person.email);
    let email = member.person.as_ref().map(|person| person.email.clone()).or(of_account);
    let email = email.filter(|_| member.is_active()).ok_or(Error::Unauthenticated)?;
    let mut work = PendingChange::<Session>::resume(
        session_key,
        LoadedToChange { state, subject_keys: SubjectKeys::new() },
    )?;
    let session = work.state();
    if session.account_id != member.account_id {
        return Err(Error::Unauthenticated);
    }
    // A change of the password ends all sessions; one that began at the same time may not be in the list of them.
    if password_changed_at.is_some_and(|changed_at| session.started_at < changed_at) {
        return Err(Error::Unauthenticated);
    }

    let salt = URL_SAFE_NO_PAD.encode(random::<16>(context.entropy.as_ref())?);
    let next = presented.next(&salt);
    let kept = RefreshToken { hash: next.hash(), salt };
    let decision = decide(session, &presented.family_hash(), &presented.hash(), kept, context.now)
        .map_err(|_| Error::Unauthenticated)?;
    let actor = Actor::account(member.account_id);
    let (session, token) = match decision {
        RefreshDecision::Rotate(event) => {
            work.record(&event, context, &actor)?;
            (work.commit(needs.store.as_ref()).await?.state, next)
        }
        RefreshDecision::Repeat => {
            let again = presented.next(&session.current.salt);
            (session.clone(), again)
        }
        RefreshDecision::Revoke(event) => {
            work.record(&event, context, &actor)?;
            work.commit(needs.store.as_ref()).await?;
            return Err(Error::Unauthenticated);
        }
    };
    let bearer = TokenBearer {
        organization: tenant,
        account: member.account_id,
        role: member.role,
        email: &email,
        session: session.id,
    };
    issue(needs.signer.as_ref(), &needs.issuer, context, &bearer, token.encode()).await
}
