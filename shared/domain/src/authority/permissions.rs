//! The permissions, one type for each, with their reach for every role.

use super::{Permission, PermissionReach};
use crate::tenancy::Role;

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

/// List the members of the organization.
#[derive(Debug)]
pub struct ReadMembers;

impl Permission for ReadMembers {
    const NAME: &'static str = "member:read";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role != Role::SalesRep).then_some(PermissionReach::Tenant)
    }
}

/// Change the role and the status of members. Keys do not have it, because a stolen key could make an admin.
#[derive(Debug)]
pub struct ManageMembers;

impl Permission for ManageMembers {
    const NAME: &'static str = "member:manage";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Admin).then_some(PermissionReach::Tenant)
    }
}

/// Remove members. Everybody may leave, which removes their own membership.
#[derive(Debug)]
pub struct RemoveMembers;

impl Permission for RemoveMembers {
    const NAME: &'static str = "member:remove";
    fn reach(role: Role) -> Option<PermissionReach> {
        Some(match role {
            Role::SalesRep | Role::Manager => PermissionReach::Own,
            Role::Admin => PermissionReach::Tenant,
        })
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

/// Run batches of completions, and read their results. Everybody who may ask for completions has it, and so does every
/// key with their scope. Results stay, so sales reps reach their own batches only.
#[derive(Debug)]
pub struct UseBatches;

impl Permission for UseBatches {
    const NAME: &'static str = "batch:use";
    const FOR_KEYS: bool = true;
    const SCOPE: &'static str = CreateCompletions::NAME;
    fn reach(role: Role) -> Option<PermissionReach> {
        own_for_representatives(role)
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

/// Read and export the audit log. Keys do not have it, because a stolen key could learn from it who watches.
#[derive(Debug)]
pub struct ReadAuditLog;

impl Permission for ReadAuditLog {
    const NAME: &'static str = "audit:read";
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Admin).then_some(PermissionReach::Tenant)
    }
}

/// Read and cancel jobs. Everybody reaches the jobs that they started, and admins reach all of the organization.
#[derive(Debug)]
pub struct UseJobs;

impl Permission for UseJobs {
    const NAME: &'static str = "job:use";
    fn reach(role: Role) -> Option<PermissionReach> {
        Some(match role {
            Role::SalesRep | Role::Manager => PermissionReach::Own,
            Role::Admin => PermissionReach::Tenant,
        })
    }
}

fn own_for_representatives(role: Role) -> Option<PermissionReach> {
    Some(match role {
        Role::SalesRep => PermissionReach::Own,
        Role::Manager | Role::Admin => PermissionReach::Tenant,
    })
}
