//! Permissions and authorities. A use case asks for an `Authority<P>` of the permission that it needs, and the only way
//! to get one is `Caller::authorize`, so an operation without a decision does not compile. Everything that is not
//! granted is denied.
//!
//! A caller is a person with a role, or an API key with scopes. A key has only permissions that are made for keys and
//! that its scopes name; the role of the account that created it gives it nothing.

mod permissions;
mod scope;

use crate::Timestamp;
use crate::id::{AccountId, ApiKeyId, OrganizationId, SessionId};
use crate::tenancy::Role;
use std::marker::PhantomData;

pub use permissions::{
    CreateCompletions, CreateEmbeddings, ManageApiKeys, ManageBudget, ManageFineTunes, ManageMembers,
    ReadAnalytics, ReadAuditLog, ReadBilling, ReadBudget, ReadFlags, ReadLeads, ReadMembers, ReadModels,
    ReadOrganization, RemoveMembers, ScoreLeads, ScoreManyLeads, UseAccount, UseBatches, UseJobs,
    UseNotifications, WriteLeads,
};
pub use scope::{Scope, UnknownScope};

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionReach {
    /// Only what the caller owns.
    Own,
    /// Everything of the tenant.
    Tenant,
}

/// A permission, as a type that a use case's signature names.
pub trait Permission {
    /// Its name in audit entries.
    const NAME: &'static str;
    /// Whether API keys may hold it. A key that holds it reaches the whole tenant.
    const FOR_KEYS: bool = false;
    /// The scope by which a key holds it, one of [`Scope::ALL`] if keys may hold it.
    const SCOPE: &'static str = Self::NAME;
    /// How far it reaches for a role; `None` is denied.
    fn reach(role: Role) -> Option<PermissionReach>;
}

/// The credentials of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The access token of a session of a person.
    Session {
        /// The session.
        id: SessionId,
        /// The person's role in the organization.
        role: Role,
        /// The organization where the person's account is stored. It is the caller's own, or the one where the person
        /// registered first.
        account_organization: OrganizationId,
        /// When the person proved their identity for this session.
        authenticated_at: Timestamp,
    },
    /// An API key.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// Its scopes.
        scopes: Vec<Scope>,
    },
}

/// The caller, from verified claims: the only source of tenant, role and scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The caller's organization.
    pub tenant: OrganizationId,
    /// The caller's account; of an API key, the account that created it.
    pub account: AccountId,
    /// The caller's credentials.
    pub credential: Credential,
}

/// A sign-in counts as recent for this long: 10 minutes, in seconds.
pub const RECENT_SIGN_IN_SECONDS: i64 = 600;

/// The request weakens security, and the person did not sign in recently.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in of the session is not recent")]
pub struct SignInNotRecent;

/// The caller lacks the permission.
#[derive(Debug, thiserror::Error)]
#[error("the caller lacks the permission {permission}")]
pub struct Denied {
    /// The permission's name.
    pub permission: &'static str,
}

impl Caller {
    /// The name of the acting principal: the account of a person, or the key and not its creator. Everything that is
    /// remembered or recorded about a caller uses it.
    pub fn principal(&self) -> String {
        match &self.credential {
            Credential::Session { .. } => self.account.to_string(),
            Credential::ApiKey { id, .. } => id.to_string(),
        }
    }

    /// The authority for `P`, if the caller's role or the key's scopes have it.
    pub fn authorize<P: Permission>(&self) -> Result<Authority<P>, Denied> {
        let reach = match &self.credential {
            Credential::Session { role, .. } => P::reach(*role),
            Credential::ApiKey { scopes, .. } => {
                let held = P::FOR_KEYS && scopes.iter().any(|scope| scope.as_str() == P::SCOPE);
                held.then_some(PermissionReach::Tenant)
            }
        };
        match reach {
            Some(reach) => Ok(Authority { caller: self.clone(), reach, permission: PhantomData }),
            None => Err(Denied { permission: P::NAME }),
        }
    }
}

/// Proof that a caller holds the permission `P`.
#[derive(Debug)]
pub struct Authority<P> {
    caller: Caller,
    reach: PermissionReach,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Authority<P> {
    /// The tenant whose data it covers.
    pub fn tenant(&self) -> OrganizationId {
        self.caller.tenant
    }

    /// The account that acts.
    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    /// The caller.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The session that acts; none when an API key does.
    pub fn session(&self) -> Option<SessionId> {
        match self.caller.credential {
            Credential::Session { id, .. } => Some(id),
            Credential::ApiKey { .. } => None,
        }
    }

    /// The organization where the caller's account is stored. An API key has no account of its own; of one this is the
    /// caller's organization.
    pub fn account_organization(&self) -> OrganizationId {
        match self.caller.credential {
            Credential::Session { account_organization, .. } => account_organization,
            Credential::ApiKey { .. } => self.caller.tenant,
        }
    }

    /// When the person proved their identity for the session that acts; none when an API key acts.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        match self.caller.credential {
            Credential::Session { authenticated_at, .. } => Some(authenticated_at),
            Credential::ApiKey { .. } => None,
        }
    }

    /// Requires that the person signed in within the last [`RECENT_SIGN_IN_SECONDS`], for operations that weaken security.
    /// A refresh of the session is no sign-in. An API key never signs in.
    pub fn require_recent_sign_in(&self, now: Timestamp) -> Result<(), SignInNotRecent> {
        match self.authenticated_at() {
            Some(at) if now <= at.plus_seconds(RECENT_SIGN_IN_SECONDS) => Ok(()),
            _ => Err(SignInNotRecent),
        }
    }

    /// The permission's name.
    pub fn permission(&self) -> &'static str {
        P::NAME
    }

    /// Whether it covers something with this owner.
    pub fn covers(&self, owner: AccountId) -> bool {
        self.reach == PermissionReach::Tenant || owner == self.caller.account
    }

    /// The owner to which lists must be narrowed; `None` for the whole tenant.
    pub fn only_owner(&self) -> Option<AccountId> {
        (self.reach == PermissionReach::Own).then_some(self.caller.account)
    }
}
