//! Organizations and who belongs to them.

mod member;
mod organization;

pub use member::{Member, MemberEvent, Role, add_member};
pub use organization::{
    Organization, OrganizationEvent, RegisterOrganization, SubscriptionTier, register_organization,
};
