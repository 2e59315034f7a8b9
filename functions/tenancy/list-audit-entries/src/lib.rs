//! `GET /v1/audit-entries`: the organization's audit log, newest entries first.

use application_tenancy::list_audit_entries;
use domain::authority::{Authority, ReadAuditLog};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::{AuditFilter, AuditReader};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListAuditEntries {
    /// Reads the log.
    pub log: Arc<dyn AuditReader>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

const LENGTH: &str = "must have 1 to 200 characters";

impl Route for ListAuditEntries {
    type Permission = ReadAuditLog;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadAuditLog>) -> RouteFuture<'a> {
        let mut parameters = request.list_parameters(&["actor", "action", "resource", "from", "to"]);
        let name = |text: &str| (1..=200).contains(&text.len()).then(|| text.to_owned());
        let filter = AuditFilter {
            actor: parameters.read("actor", LENGTH, name),
            action: parameters.read("action", LENGTH, name),
            resource: parameters.read("resource", LENGTH, name),
            from: parameters.moment("from"),
            to: parameters.moment("to"),
        };
        let page = parameters.requested_page(&self.cursors, authority.caller())?;
        Ok(Box::pin(async move {
            let asked = page.limit_and_start();
            let found = list_audit_entries(self.log.as_ref(), &authority, filter, asked).await?;
            page.answer(&found, |entry| presentation::audit_entry(&entry.record, &entry.hash))
        }))
    }
}
