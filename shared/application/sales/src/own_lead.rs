//! Checks access to leads. A lead that the caller's authority does not cover is answered like a missing one, and the
//! refusal is recorded in the audit log when the request is answered.

use application_core::{AccessDecision, check_owner};
use domain::AggregateType;
use domain::authority::{Authority, Permission};
use domain::id::LeadId;
use domain::sales::Lead;
use ports::AggregateKey;

/// A lead's key in the caller's tenant.
pub(super) fn lead_key<P: Permission>(authority: &Authority<P>, id: &LeadId) -> AggregateKey {
    AggregateKey::new(authority.tenant(), AggregateType::Lead, id)
}

/// Whether the caller may access this lead. A deleted lead does not exist for the caller.
pub(super) fn lead_access<P: Permission>(authority: &Authority<P>, lead: &Lead) -> AccessDecision {
    match check_owner(authority, lead.details.owner_id) {
        AccessDecision::Granted if lead.deleted_at.is_some() => AccessDecision::Missing,
        access => access,
    }
}
