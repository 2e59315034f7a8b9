//! Reads the organization's audit log, and starts its export.
//!
//! Reading a page is not recorded in the log: the entry would change what the next page shows, and the log line of each
//! request names its caller. An export is recorded, with its filter and who started it, because the copy leaves the
//! system.

use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::RepeatableResult;
use application_core::jobs::new_job;
use application_core::limits::{AUDIT_EXPORTS, allowed};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error};
use domain::authority::{Authority, ReadAuditLog};
use domain::field::{FieldChecks, InvalidFields};
use domain::id::{AccountId, ApiKeyId};
use domain::job::{Job, JobFact, JobFacts, JobKind};
use domain::{Timestamp, Versioned};
use ports::{
    AuditFilter, AuditQuery, AuditReader, IdempotencyKey, Limiter, Page, Position, Store, StoredAuditEntry,
};

/// A page of the log, newest entries first: one query for each round, at most ten.
pub async fn list_audit_entries(
    log: &dyn AuditReader,
    authority: &Authority<ReadAuditLog>,
    filter: AuditFilter,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<StoredAuditEntry>, Error> {
    Ok(log.page(&AuditQuery { tenant: authority.tenant(), filter, limit, after }).await?)
}

/// The request of an export.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditExport<'a> {
    /// Entries from this time on, RFC 3339.
    pub from: Option<&'a str>,
    /// Entries before this time, RFC 3339.
    pub to: Option<&'a str>,
    /// Entries of this actor.
    pub actor: Option<&'a str>,
    /// Entries with this action, or whose action begins with it and a `:`.
    pub action: Option<&'a str>,
}

/// Checks the fields of an export.
pub fn check_audit_export(input: &AuditExport<'_>) -> Result<JobFacts, InvalidFields> {
    let mut check = FieldChecks::default();
    let mut facts = JobFacts::new();
    let mut moments = [None; 2];
    for ((field, text), moment) in [("from", input.from), ("to", input.to)].into_iter().zip(&mut moments) {
        let Some(text) = text else { continue };
        match Timestamp::parse(text) {
            Ok(at) => {
                *moment = Some(at);
                facts.insert(field.to_owned(), JobFact::Text(at.to_string()));
            }
            Err(_) => check.wrong(field, "format", "must be a time such as 2026-11-30T09:30:00Z"),
        }
    }
    if let [Some(from), Some(to)] = moments
        && from >= to
    {
        check.wrong("to", "range", "must be later than from");
    }
    if let Some(actor) = input.actor {
        if is_actor(actor) {
            facts.insert("actor".to_owned(), JobFact::Text(actor.to_owned()));
        } else {
            check.wrong("actor", "format", ACTOR);
        }
    }
    if let Some(action) = input.action {
        if is_action(action) {
            facts.insert("action".to_owned(), JobFact::Text(action.to_owned()));
        } else {
            check.wrong("action", "format", ACTION);
        }
    }
    check.finish(facts)
}

/// The rule of an actor. A filter is recorded with the export, so it must not be a name or an address of a person.
const ACTOR: &str = "must be the id of an account or an API key, system:<function> or anonymous";
const ACTION: &str =
    "must be the type of an event, such as lead_created, for refusals followed by : and a permission";

fn is_actor(text: &str) -> bool {
    let is_function = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text == "anonymous"
        || text.parse::<AccountId>().is_ok()
        || text.parse::<ApiKeyId>().is_ok()
        || text.strip_prefix("system:").is_some_and(is_function)
}

fn is_action(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b':')
}

/// Starts an export: a claim when there is an idempotency key, one count, one write.
pub async fn export_audit_entries(
    (store, limiter): (&dyn Store, &dyn Limiter),
    context: &Context,
    authority: &Authority<ReadAuditLog>,
    input: &AuditExport<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Versioned<Job>>, Error> {
    let facts = check_audit_export(input)?;
    let (key, event) = new_job(context, authority.caller(), JobKind::AuditExport, facts)?;
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let organization = authority.tenant().to_string();
    let count = async {
        allowed(limiter.take(AUDIT_EXPORTS, &organization, context.now).await?)?;
        Ok(())
    };
    let creation = Creation {
        key,
        subjects: &[],
        event: &event,
        access: &|_: &Job| AccessDecision::Granted,
        admission: Some(Box::pin(count)),
    };
    create_once(&command, creation).await
}
