//! Jobs of an organization, and the worker of exports.

use crate::ledger::{Delivered, batch};
use crate::people::Person;
use crate::world::World;
use application_core::jobs::start_job;
use domain::job::{JobFacts, JobKind};
use ports::{Store, Transaction};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testkit::TestJobFiles;

impl World {
    /// A job that a person started; its id.
    pub async fn job(&self, of: &Person) -> String {
        let (context, caller) = (self.context(), of.caller());
        let job = start_job(&context, &caller, JobKind::AuditExport, JobFacts::new()).expect("a job");
        let id = job.key().id().to_owned();
        let (change, _) = job.finish().expect("a change");
        let transaction = Transaction { changes: vec![change], ..Transaction::default() };
        self.store().commit(&transaction).await.expect("a commit");
        id
    }

    /// Records all events of the ledger in the audit log, as its rule lets them through.
    pub async fn audit_all(&self) {
        let left_out = ["ai_request_metered", "batch_claimed", "batch_progressed", "job_progressed"];
        let messages = self.messages().await.into_iter();
        let audited: Vec<Value> =
            messages.filter(|message| !left_out.iter().any(|kind| message["detail-type"] == *kind)).collect();
        assert_eq!(self.audit(&audited).await.failed, Vec::<String>::new());
    }

    /// Delivers every `job_created` of the ledger to `run-audit-export`, which has this much time.
    pub async fn run_audit_exports(&self, files: &Arc<TestJobFiles>, time: Duration) -> Delivered {
        let handler = run_audit_export::RunAuditExport {
            store: Arc::clone(self.store()) as _,
            log: Arc::new(self.environment().audit_log()),
            files: Arc::clone(files) as _,
        };
        let messages = self.messages().await.into_iter();
        let created: Vec<Value> =
            messages.filter(|message| message["detail-type"] == "job_created").collect();
        let event = batch("platform", "run-audit-export", &created);
        let invocation = edge::Invocation::in_process(self.now()).with_time(time);
        let answer = edge::queue::invoke_as(&handler, event, &invocation).await;
        Delivered::read(&answer.expect("the job never fails as a whole"))
    }
}
