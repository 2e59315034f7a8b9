//! The form of an entry of the audit log, and records for it in addition to the other events: refused accesses and
//! failed logins.

mod access;
mod checkpoint;
mod failed_login;
mod record;
mod verify;

pub use access::{AccessEvent, AccessRefusal, DeniedAccess, deny_access};
pub use checkpoint::{AuditCheckpoint, checkpoint_file, read_checkpoint_file};
pub use failed_login::{FailedLogin, FailedLoginEvent, LoginAttempt, fail_login};
pub use record::{
    AuditRecord, AuditResource, CURRENT_FORMAT, NO_HASH, export_line, from_hex, read_export_line, to_hex,
};
pub use verify::{
    CheckedExport, CheckpointFacts, ExportFault, Sha256, check_export, compare_with_checkpoint,
};
