//! What the audit log is made of besides the events themselves: refused accesses and failed sign-ins.

mod access;
mod sign_in;

pub use access::{Access, AccessEvent, Refusal, deny_access};
pub use sign_in::{FailedSignIn, FailedSignInEvent, SignInAttempt, fail_sign_in};
