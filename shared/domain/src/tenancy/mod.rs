//! Organizations, their members, and their API keys.

mod api_key;
mod member;
mod organization;

pub use api_key::{
    ApiKey, ApiKeyEvent, CreateApiKey, DEFAULT_DAYS, MOST_DAYS, check_api_key, create_api_key, revoke_api_key,
};
pub use member::{Member, MemberEvent, Role, add_member};
pub use organization::{
    Organization, OrganizationEvent, RegisterOrganization, SubscriptionTier, register_organization,
};
