//! Permissions and authorities. A use case asks for an `Authority<P>` of the permission that it needs, and the only way
//! to get one is `Caller::authorize`, so an operation without a decision does not compile. Everything that is not
//! granted is denied.
//!
//! A caller is a person with a role, or an API key with scopes. A key has only permissions that are made for keys and
//! that its scopes name; the role of the account that created it gives it nothing.

use crate::id::{AccountId, ApiKeyId, OrganizationId, SessionId};
use crate::tenancy::Role;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::marker::PhantomData;
use std::str::FromStr;

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
    /// Whether API keys may hold it. Then it is one of [`Scope::ALL`], and a key that holds it reaches the whole
    /// tenant.
    const FOR_KEYS: bool = false;
    /// How far it reaches for a role; `None` is denied.
    fn reach(role: Role) -> Option<PermissionReach>;
}

/// Read and list leads.
#[derive(Debug)]
pub struct ReadLeads;
impl Permission for ReadLeads {
    const NAME: &'static str = "lead:read";
    fn reach(role: Role) -> Option<PermissionReach> {
        own_for_representatives(role)
    }
}

/// Create, change and delete leads.
#[derive(Debug)]
pub struct WriteLeads;
impl Permission for WriteLeads {
    const NAME: &'static str = "lead:write";
    fn reach(role: Role) -> Option<PermissionReach> {
        own_for_representatives(role)
    }
}

/// Score leads.
#[derive(Debug)]
pub struct ScoreLeads;
impl Permission for ScoreLeads {
    const NAME: &'static str = "lead:score";
    fn reach(role: Role) -> Option<PermissionReach> {
        own_for_representatives(role)
    }
}

/// Score many leads at once. It concerns a team's leads, so sales reps do not have it.
#[derive(Debug)]
pub struct ScoreManyLeads;
impl Permission for ScoreManyLeads {
    const NAME: &'static str = "lead:score_many";
    fn reach(role: Role) -> Option<PermissionReach> {
        match role {
            Role::SalesRep => None,
            Role::Manager | Role::Admin => Some(PermissionReach::Tenant),
        }
    }
}

/// Read and mark notifications. Everybody reads their own notifications only; managers do not see their team's.
#[derive(Debug)]
pub struct UseNotifications;
impl Permission for UseNotifications {
    const NAME: &'static str = "notification:use";
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Own)
    }
}

/// Read one's own profile and end one's own session.
#[derive(Debug)]
pub struct UseAccount;
impl Permission for UseAccount {
    const NAME: &'static str = "account:use";
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Own)
    }
}

/// Read the organization.
#[derive(Debug)]
pub struct ReadOrganization;
impl Permission for ReadOrganization {
    const NAME: &'static str = "organization:read";
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Tenant)
    }
}

/// Create, list and revoke API keys. Keys do not have it, because a stolen key could create others.
#[derive(Debug)]
pub struct ManageApiKeys;
impl Permission for ManageApiKeys {
    const NAME: &'static str = "api_key:manage";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Admin).then_some(PermissionReach::Tenant)
    }
}

/// Ask models for completions.
#[derive(Debug)]
pub struct CreateCompletions;
impl Permission for CreateCompletions {
    const NAME: &'static str = "completion:create";
    const FOR_KEYS: bool = true;
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Tenant)
    }
}

/// Ask models for embeddings.
#[derive(Debug)]
pub struct CreateEmbeddings;
impl Permission for CreateEmbeddings {
    const NAME: &'static str = "embedding:create";
    const FOR_KEYS: bool = true;
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Tenant)
    }
}

/// List the models that can be asked.
#[derive(Debug)]
pub struct ReadModels;
impl Permission for ReadModels {
    const NAME: &'static str = "model:read";
    const FOR_KEYS: bool = true;
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Tenant)
    }
}

/// Read the feature flags of the caller.
#[derive(Debug)]
pub struct ReadFlags;
impl Permission for ReadFlags {
    const NAME: &'static str = "flag:read";
    const FOR_KEYS: bool = true;
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Tenant)
    }
}

/// Read the organization's budgets for models and the amounts spent.
#[derive(Debug)]
pub struct ReadBudget;
impl Permission for ReadBudget {
    const NAME: &'static str = "budget:read";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role != Role::SalesRep).then_some(PermissionReach::Tenant)
    }
}

/// Change the organization's budgets for models. Keys do not have it, because a stolen key could spend without limit.
#[derive(Debug)]
pub struct ManageBudget;
impl Permission for ManageBudget {
    const NAME: &'static str = "budget:manage";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Admin).then_some(PermissionReach::Tenant)
    }
}

/// Read the usage of the organization's people and programs.
#[derive(Debug)]
pub struct ReadAnalytics;
impl Permission for ReadAnalytics {
    const NAME: &'static str = "analytics:read";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role != Role::SalesRep).then_some(PermissionReach::Tenant)
    }
}

/// Read the organization's bills.
#[derive(Debug)]
pub struct ReadBilling;
impl Permission for ReadBilling {
    const NAME: &'static str = "billing:read";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Admin).then_some(PermissionReach::Tenant)
    }
}

/// Fine-tune models. Keys do not have it, because a job costs much more than a prompt, and its file is the
/// organization's knowledge.
#[derive(Debug)]
pub struct ManageFineTunes;
impl Permission for ManageFineTunes {
    const NAME: &'static str = "fine_tune:manage";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Admin).then_some(PermissionReach::Tenant)
    }
}

fn own_for_representatives(role: Role) -> Option<PermissionReach> {
    Some(match role {
        Role::SalesRep => PermissionReach::Own,
        Role::Manager | Role::Admin => PermissionReach::Tenant,
    })
}

/// A scope of an API key: the name of a permission that keys may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(&'static str);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [
        Self::of::<CreateCompletions>(),
        Self::of::<CreateEmbeddings>(),
        Self::of::<ReadModels>(),
        Self::of::<ReadFlags>(),
    ];

    /// The scope for a permission. A permission that keys may not hold does not compile in a constant.
    const fn of<P: Permission>() -> Self {
        assert!(P::FOR_KEYS, "no key may hold this permission");
        Self(P::NAME)
    }

    /// The name in claims and bodies, which is the permission's.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The text names no scope.
#[derive(Debug, thiserror::Error)]
#[error("no such scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.0 == text).ok_or(UnknownScope)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
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
                let held = P::FOR_KEYS && scopes.iter().any(|scope| scope.0 == P::NAME);
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
