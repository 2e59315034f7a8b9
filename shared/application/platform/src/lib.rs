//! Use cases that belong to no other context: flags, jobs of the organization, and the functions that connect the system.

mod get_flags;
mod jobs;
mod relay_events;
mod run_audit_export;
mod sign_audit_checkpoints;

pub use get_flags::{Flags, get_flags};
pub use jobs::{JobFilters, cancel_job, get_job, list_jobs, result_url};
pub use relay_events::{RELAY_ATTEMPTS, RelayEvents, relay_events};
pub use run_audit_export::{AuditExportTools, run_audit_export};
pub use sign_audit_checkpoints::{CheckpointTools, sign_audit_checkpoints, sign_checkpoint};
