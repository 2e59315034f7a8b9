//! Records for the audit log in addition to the other events: refused accesses and failed logins.

mod access;
mod sign_in;

pub use access::{Access, AccessEvent, Refusal, deny_access};
pub use sign_in::{FailedSignIn, FailedSignInEvent, SignInAttempt, fail_sign_in};
