//! Verifies a bearer token: an access token by its signature, its session and its member, an API key by its record.

use application_tenancy::{is_api_key, verify_api_key};
use domain::authority::{Caller, Credential};
use domain::id::{AccountId, OrganizationId, SessionId};
use domain::identity::Session;
use domain::tenancy::{Member, Role};
use domain::{AggregateType, Timestamp};
use ports::{AggregateKey, Claims, KeyUses, Store, StoredState, TokenError, TokenVerifier};
use std::str::FromStr;
use std::sync::Arc;

/// The ports of the use case.
pub struct Authenticate {
    /// Verifies access tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Loads API keys, sessions and members.
    pub store: Arc<dyn Store>,
    /// The last uses of API keys.
    pub key_uses: Arc<dyn KeyUses>,
}

/// The caller whom a bearer token identifies at `now`.
pub async fn authenticate(needs: &Authenticate, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
    if is_api_key(token) {
        return verify_api_key(needs.store.as_ref(), needs.key_uses.as_ref(), token, now).await;
    }
    let claims = needs.verifier.verify(token, now.seconds()).await?;
    person(needs.store.as_ref(), &claims).await
}

/// The person in the claims of a verified token: one batch read. The session must not have been ended, and the member's role
/// and status count as they are now, so that a removal or another role takes effect within the minute for which the gateway
/// keeps the answer. A session that is only idle may still be used until the token expires.
async fn person(store: &dyn Store, claims: &Claims) -> Result<Caller, TokenError> {
    let tenant: OrganizationId = claim(&claims.org_id, "the claim org_id is malformed")?;
    let account: AccountId = claim(&claims.sub, "the claim sub is malformed")?;
    let id: SessionId = claim(&claims.sid, "the claim sid is malformed")?;
    // The role of the member counts; a token that names none of them was not issued here.
    let _: Role = claim(&claims.role, "the claim role is malformed")?;
    let keys = [
        AggregateKey::new(tenant, AggregateType::Session, &id),
        AggregateKey::new(tenant, AggregateType::Member, &account),
    ];
    let mut states = store.load_many(&keys).await?.into_iter();
    let session = states.next().flatten().map(StoredState::decode::<Session>).transpose()?;
    let member = states.next().flatten().map(StoredState::decode::<Member>).transpose()?;
    let session = session
        .map(|session| session.state)
        .filter(|session| session.account_id == account && session.revoked.is_none())
        .ok_or(TokenError::Invalid("the session has ended"))?;
    let member = member
        .map(|member| member.state)
        .filter(Member::is_active)
        .ok_or(TokenError::Invalid("the account is no active member of the organization"))?;
    let credential = Credential::Session {
        id,
        role: member.role,
        account_organization: member.account_organization_id.unwrap_or(tenant),
        authenticated_at: session.started_at,
    };
    Ok(Caller { tenant, account, credential })
}

fn claim<T: FromStr>(text: &str, wrong: &'static str) -> Result<T, TokenError> {
    text.parse().map_err(|_| TokenError::Invalid(wrong))
}
