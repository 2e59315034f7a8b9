//! Opens a session for a person who has proven their identity. Every way to sign in ends here.

use super::access_token::{Issuer, SessionTokens, TokenBearer, issue};
use super::refresh_token::PresentedToken;
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::id::{AccountId, OrganizationId, SessionId};
use domain::identity::{AuthenticationMethod, Session, SessionDevice, StartSession, start_session};
use domain::tenancy::Role;
use ports::{AggregateKey, Change, Store, SubjectKeys, TokenSigner, Transaction};

/// A person who has proven their identity, and the organization that they enter.
pub(crate) struct SignedInPerson<'a> {
    pub(crate) organization: OrganizationId,
    pub(crate) account: AccountId,
    pub(crate) role: Role,
    pub(crate) email: &'a str,
    pub(crate) device: Option<SessionDevice>,
    /// The organization's key for the person, loaded with the member. It seals the device, and is needed only with one.
    pub(crate) subject_keys: SubjectKeys,
    pub(crate) methods: Vec<AuthenticationMethod>,
}

/// A session that is not stored yet.
pub(crate) struct NewSession {
    /// Its part of a transaction.
    pub(crate) change: Change,
    id: SessionId,
    token: PresentedToken,
}

impl NewSession {
    /// A session of the person with its first refresh token.
    pub(crate) fn of(person: &SignedInPerson<'_>, context: &Context) -> Result<Self, Error> {
        let (organization, account) = (person.organization, person.account);
        let id = context.new_id()?;
        let (token, kept) = PresentedToken::first(organization, account, id, context)?;
        let event = start_session(StartSession {
            id,
            account_id: account,
            family_hash: token.family_hash(),
            token: kept,
            device: person.device.clone().filter(|_| !person.subject_keys.is_empty()),
            methods: person.methods.clone(),
            at: context.now,
        });
        let key = AggregateKey::new(organization, AggregateType::Session, &id);
        let pending = PendingChange::<Session>::create(key, [], &event, context, &Actor::account(account))?;
        let (mut change, _) = pending.finish()?;
        change.subject_keys = person.subject_keys.clone();
        Ok(Self { change, id, token })
    }

    /// The tokens of the session, after its change was committed.
    pub(crate) async fn tokens(
        self,
        signer: &dyn TokenSigner,
        issuer: &Issuer,
        context: &Context,
        person: &SignedInPerson<'_>,
    ) -> Result<SessionTokens, Error> {
        let bearer = TokenBearer {
            organization: person.organization,
            account: person.account,
            role: person.role,
            email: person.email,
            session: self.id,
        };
        issue(signer, issuer, context, &bearer, self.token.encode()).await
    }
}

/// Stores a new session of the person and answers its tokens: one write.
pub(crate) async fn open_session(
    store: &dyn Store,
    signer: &dyn TokenSigner,
    issuer: &Issuer,
    context: &Context,
    person: &SignedInPerson<'_>,
) -> Result<SessionTokens, Error> {
    let session = NewSession::of(person, context)?;
    let changes = vec![session.change.clone()];
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    session.tokens(signer, issuer, context, person).await
}
