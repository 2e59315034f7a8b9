//! What the audit log is made of besides the events themselves: refused accesses.

mod access;

pub use access::{Access, AccessEvent, Refusal, deny_access};
