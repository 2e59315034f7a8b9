//! The caller's organization, and the API keys of its programs.

mod api_key_text;
mod create_api_key;
mod get_organization;
mod list_api_keys;
mod revoke_api_key;
mod verify_api_key;

pub use create_api_key::{CreatedApiKey, NewApiKey, create_api_key};
pub use get_organization::get_organization;
pub use list_api_keys::{ListedApiKey, list_api_keys};
pub use revoke_api_key::revoke_api_key;
pub use verify_api_key::{is_api_key, verify_api_key};
