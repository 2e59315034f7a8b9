//! Refused accesses, which the audit log has besides the other events.

mod access;

pub use access::{Access, AccessEvent, Refusal, deny_access};
