//! Continues a session with its refresh token: one batch read, one write.

use super::access_token::{Issuer, SessionTokens, issue};
use super::refresh_token::PresentedToken;
use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange, random};
use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::identity::{RefreshDecision, RefreshToken, Session, refresh_session as decide};
use ports::{AggregateKey, LoadedToChange, Store, SubjectKeys, TokenSigner};
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
    let who = super::login::both(states.next().flatten(), states.next().flatten())?;
    let (account, member) = who.ok_or(Error::Unauthenticated)?;
    let mut work = PendingChange::<Session>::resume(
        session_key,
        LoadedToChange { state, subject_keys: SubjectKeys::new() },
    )?;
    let session = work.state();
    if session.account_id != account.id {
        return Err(Error::Unauthenticated);
    }

    let salt = URL_SAFE_NO_PAD.encode(random::<16>(context.entropy.as_ref())?);
    let next = presented.next(&salt);
    let kept = RefreshToken { hash: next.hash(), salt };
    let decision = decide(session, &presented.family_hash(), &presented.hash(), kept, context.now)
        .map_err(|_| Error::Unauthenticated)?;
    let actor = Actor::account(account.id);
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
    let who = (&tenant, &account, &member, &session);
    issue(needs.signer.as_ref(), &needs.issuer, context, who, token.encode()).await
}
