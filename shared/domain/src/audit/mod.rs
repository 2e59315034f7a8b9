//! Records for the audit log in addition to the other events: refused accesses and failed logins.

mod access;
mod failed_login;

pub use access::{AccessEvent, AccessRefusal, DeniedAccess, deny_access};
pub use failed_login::{FailedLogin, FailedLoginEvent, LoginAttempt, fail_login};
