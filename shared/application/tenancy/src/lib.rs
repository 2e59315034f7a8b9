//! The caller's organization, its members, its audit log, and the API keys of its programs.

mod api_key_text;
mod audit_log;
mod create_api_key;
mod get_organization;
mod list_api_keys;
mod list_members;
mod membership;
mod remove_member;
mod revoke_api_key;
mod update_member;
mod verify_api_key;

pub use audit_log::{AuditExport, check_audit_export, export_audit_entries, list_audit_entries};
pub use create_api_key::{CreatedApiKey, NewApiKey, create_api_key};
pub use get_organization::get_organization;
pub use list_api_keys::{ListedApiKey, list_api_keys};
pub use list_members::list_members;
pub use remove_member::remove_member;
pub use revoke_api_key::revoke_api_key;
pub use update_member::{MemberReplacement, update_member};
pub use verify_api_key::{is_api_key, verify_api_key};
