//! Wires `export-audit-entries` to AWS.

use edge::{Authorized, Handler, Uncounted};
use export_audit_entries::ExportAuditEntries;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("export-audit-entries", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let limiter = Arc::new(base.limiter()?);
            let store = Arc::new(base.store()?);
            let route = ExportAuditEntries { store: store.clone(), limiter };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
