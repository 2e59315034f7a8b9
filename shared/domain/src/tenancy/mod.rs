//! Organizations, their members, and their API keys.

mod api_key;
mod member;
mod organization;

pub use api_key::{
    ApiKey, ApiKeyEvent, CreateApiKey, DEFAULT_DAYS, MOST_DAYS, check_api_key, create_api_key, revoke_api_key,
};
pub use member::{
    AddMember, Member, MemberEvent, MemberInput, MemberPerson, MemberStatus, Role, add_member, check_member,
    remove_member, rename_member, update_member,
};
pub use organization::{
    LastAdmin, Organization, OrganizationEvent, RegisterOrganization, SubscriptionTier, change_admin,
    register_organization,
};
