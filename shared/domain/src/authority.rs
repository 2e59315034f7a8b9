//! Who may do what. A use case asks for an `Authority<P>` of the permission it needs, and the only way to get one is
//! `Caller::authorize`, so an operation without a decision does not compile. Everything not granted is denied.

use crate::id::{AccountId, OrganizationId, SessionId};
use crate::tenancy::Role;
use std::marker::PhantomData;

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only what the caller owns.
    Own,
    /// Everything of the tenant.
    Tenant,
}

/// A permission, as a type: what a use case's signature names.
pub trait Permission {
    /// Its name in audit entries.
    const NAME: &'static str;
    /// How far it reaches for a role; `None` is denied.
    fn reach(role: Role) -> Option<Reach>;
}

/// Read and list leads.
#[derive(Debug)]
pub struct ReadLeads;
impl Permission for ReadLeads {
    const NAME: &'static str = "lead:read";
    fn reach(role: Role) -> Option<Reach> {
        own_for_representatives(role)
    }
}

/// Create, change and delete leads.
#[derive(Debug)]
pub struct WriteLeads;
impl Permission for WriteLeads {
    const NAME: &'static str = "lead:write";
    fn reach(role: Role) -> Option<Reach> {
        own_for_representatives(role)
    }
}

/// Score leads.
#[derive(Debug)]
pub struct ScoreLeads;
impl Permission for ScoreLeads {
    const NAME: &'static str = "lead:score";
    fn reach(role: Role) -> Option<Reach> {
        own_for_representatives(role)
    }
}

/// Read and mark one's notifications: own for everybody, a manager's post isn't a team's.
#[derive(Debug)]
pub struct UseNotifications;
impl Permission for UseNotifications {
    const NAME: &'static str = "notification:use";
    fn reach(_: Role) -> Option<Reach> {
        Some(Reach::Own)
    }
}

/// Read one's own profile and end one's own session.
#[derive(Debug)]
pub struct UseAccount;
impl Permission for UseAccount {
    const NAME: &'static str = "account:use";
    fn reach(_: Role) -> Option<Reach> {
        Some(Reach::Own)
    }
}

/// Read the organization.
#[derive(Debug)]
pub struct ReadOrganization;
impl Permission for ReadOrganization {
    const NAME: &'static str = "organization:read";
    fn reach(_: Role) -> Option<Reach> {
        Some(Reach::Tenant)
    }
}

/// List the models that may be asked.
#[derive(Debug)]
pub struct ReadModels;
impl Permission for ReadModels {
    const NAME: &'static str = "model:read";
    fn reach(_: Role) -> Option<Reach> {
        Some(Reach::Tenant)
    }
}

/// Ask models.
#[derive(Debug)]
pub struct CreateCompletions;
impl Permission for CreateCompletions {
    const NAME: &'static str = "completion:create";
    fn reach(_: Role) -> Option<Reach> {
        Some(Reach::Tenant)
    }
}

/// Embed texts.
#[derive(Debug)]
pub struct CreateEmbeddings;
impl Permission for CreateEmbeddings {
    const NAME: &'static str = "embedding:create";
    fn reach(_: Role) -> Option<Reach> {
        Some(Reach::Tenant)
    }
}

fn own_for_representatives(role: Role) -> Option<Reach> {
    Some(match role {
        Role::SalesRep => Reach::Own,
        Role::Manager | Role::Admin => Reach::Tenant,
    })
}

/// Who calls, from verified claims: the only source of tenant and role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The caller's organization.
    pub tenant: OrganizationId,
    /// The caller's account.
    pub account: AccountId,
    /// The caller's role in the organization.
    pub role: Role,
    /// The session that the claims belong to.
    pub session: SessionId,
}

/// The role lacks the permission.
#[derive(Debug, thiserror::Error)]
#[error("the role lacks the permission {permission}")]
pub struct Denied {
    /// The permission's name.
    pub permission: &'static str,
}

impl Caller {
    /// The authority for `P`, if the caller's role has it.
    pub fn authorize<P: Permission>(&self) -> Result<Authority<P>, Denied> {
        match P::reach(self.role) {
            Some(reach) => Ok(Authority { caller: self.clone(), reach, permission: PhantomData }),
            None => Err(Denied { permission: P::NAME }),
        }
    }
}

/// Proof that a caller holds the permission `P`.
#[derive(Debug)]
pub struct Authority<P> {
    caller: Caller,
    reach: Reach,
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

    /// The session that acts.
    pub fn session(&self) -> SessionId {
        self.caller.session
    }

    /// The permission's name.
    pub fn permission(&self) -> &'static str {
        P::NAME
    }

    /// Whether it covers something that `owner` owns.
    pub fn covers(&self, owner: AccountId) -> bool {
        self.reach == Reach::Tenant || owner == self.caller.account
    }

    /// The owner that lists must be narrowed to; `None` for the whole tenant.
    pub fn only_owner(&self) -> Option<AccountId> {
        (self.reach == Reach::Own).then_some(self.caller.account)
    }
}
