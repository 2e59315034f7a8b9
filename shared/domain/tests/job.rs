//! Jobs: what a worker and a cancellation decide in each state.

use crate::support::{at, id};
use domain::audit::{AuditRecord, from_hex, to_hex};
use domain::job::{
    CreateJob, Job, JobEvent, JobFacts, JobFailure, JobKind, JobStatus, create_job, end_canceled_job,
    fail_job, progress_job, request_job_cancel, start_job, succeed_job,
};
use domain::lists::Within;
use domain::{Aggregate, EventMeta};

fn created() -> JobEvent {
    create_job(CreateJob { id: id(1), kind: JobKind::AuditExport, created_by: id(2), input: JobFacts::new() })
}

/// The state after events, one second after the other.
fn after(events: &[JobEvent]) -> Job {
    let meta = |n: usize| EventMeta { at: at(i64::try_from(n).unwrap()) };
    let folded = events.iter().enumerate().fold(None, |state, (n, event)| Job::apply(state, event, meta(n)));
    folded.unwrap()
}

fn failure() -> JobFailure {
    JobFailure { code: "broken".to_owned(), message: "It broke.".to_owned() }
}

#[test]
fn progress_goes_forward_only_and_is_complete_at_the_end() {
    let started = start_job(&after(&[created()]), 8).unwrap();
    let running = after(&[created(), started.clone()]);
    assert_eq!(start_job(&running, 9), None);
    let third = progress_job(&running, 3, "reading").unwrap();
    let state = after(&[created(), started.clone(), third.clone()]);
    assert_eq!((state.progress, state.position, state.step.as_deref()), (37, 3, Some("reading")));
    assert_eq!(progress_job(&state, 3, "reading"), None);
    assert_eq!(progress_job(&state, 2, "reading"), None);
    let last = progress_job(&state, 8, "reading").unwrap();
    let state = after(&[created(), started.clone(), third.clone(), last.clone()]);
    assert_eq!(state.progress, 99);
    let done = succeed_job(&state, JobFacts::new(), Some("result".to_owned())).unwrap();
    let state = after(&[created(), started, third, last, done]);
    assert_eq!((state.status, state.progress, state.step), (JobStatus::Succeeded, 100, None));
    assert_eq!(state.finished_at, Some(at(4)));
}

#[test]
fn a_job_that_has_ended_stays_as_it_is() {
    let started = start_job(&after(&[created()]), 8).unwrap();
    let running = after(&[created(), started.clone()]);
    let ends = [
        vec![created(), request_job_cancel(&after(&[created()]), id(2), at(1)).unwrap()],
        vec![created(), started.clone(), fail_job(&running, failure()).unwrap()],
        vec![created(), started.clone(), succeed_job(&running, JobFacts::new(), None).unwrap()],
    ];
    for events in ends {
        let state = after(&events);
        assert!(state.has_ended());
        assert_eq!(start_job(&state, 1), None);
        assert_eq!(progress_job(&state, 100, "reading"), None);
        assert_eq!(succeed_job(&state, JobFacts::new(), None), None);
        assert_eq!(fail_job(&state, failure()), None);
        assert_eq!(request_job_cancel(&state, id(2), at(100_000)), None);
        // An event that comes all the same changes nothing.
        let late = fail_job(&running, failure()).unwrap();
        assert_eq!(Job::apply(Some(state.clone()), &late, EventMeta { at: at(99) }), Some(state));
    }
}

#[test]
fn a_cancellation_is_the_workers_to_end_unless_it_is_gone() {
    let started = start_job(&after(&[created()]), 8).unwrap();
    let running = after(&[created(), started.clone()]);
    assert_eq!(end_canceled_job(&running), None);
    let requested = request_job_cancel(&running, id(2), at(2)).unwrap();
    assert!(matches!(requested, JobEvent::CancelRequested(_)));
    let asked = after(&[created(), started, requested]);
    assert_eq!((asked.status, asked.cancel_requested), (JobStatus::Running, true));
    assert_eq!(request_job_cancel(&asked, id(2), at(3)), None);
    let ended = succeed_job(&asked, JobFacts::new(), None).unwrap();
    assert!(matches!(ended, JobEvent::Canceled(_)));
    assert_eq!(Some(ended), end_canceled_job(&asked));
    // Half an hour after the last event, which was two seconds after the first.
    assert_eq!(request_job_cancel(&asked, id(2), at(2 + 1799)), None);
    let gone = request_job_cancel(&asked, id(2), at(2 + 1800)).unwrap();
    assert!(matches!(gone, JobEvent::Canceled(_)));
}

#[test]
fn a_job_is_listed_for_its_owner_and_its_organization_for_thirty_days() {
    let state = after(&[created()]);
    let within: Vec<Within> = state.lists().into_iter().map(|entry| entry.within).collect();
    assert_eq!(within, [Within::Organization, Within::Owner(id(2))]);
    assert_eq!(state.expires_at(), Some(at(30 * 24 * 3600)));
}

#[test]
fn hexadecimal_digits_are_lower_case_pairs() {
    assert_eq!(to_hex(&[0, 10, 255]), "000aff");
    assert_eq!(from_hex("000aff"), Some(vec![0, 10, 255]));
    for wrong in ["0", "0A", "zz", "é"] {
        assert_eq!(from_hex(wrong), None, "{wrong}");
    }
    assert_eq!(AuditRecord::read(b"{}"), None);
}
