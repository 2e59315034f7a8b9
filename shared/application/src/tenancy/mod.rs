//! The caller's organization.

mod get_organization;

pub use get_organization::get_organization;
