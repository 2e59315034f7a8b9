//! Wires `list-audit-entries` to AWS.

use adapter_dynamodb::DynamoAuditLog;
use edge::{Authorized, Handler};
use list_audit_entries::ListAuditEntries;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-audit-entries", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let state_table = base.settings.required("STATE_TABLE")?.to_owned();
            let log = Arc::new(DynamoAuditLog::new(&base.aws, state_table));
            let cursors = wiring_lists::cursors(&base).await?;
            let store = Arc::new(base.store()?);
            let route = ListAuditEntries { log, cursors };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
