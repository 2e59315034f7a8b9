//! Batches: from file to results, and every other end; and the check of their files.

use crate::support::{START, at, id};
use domain::ai::batch::{
    Batch, BatchEnd, BatchEvent, BatchFailure, BatchFailureReason, BatchProgress, BatchReservation,
    BatchStatus, CreateBatch, WINDOW, cancel_batch, claim_batch, create_batch, end_batch, expire_batch,
    fail_batch, file_failure, record_progress, start_batch, submit_batch,
};
use domain::ai::batch_file::{
    BatchFileCheck, BatchFileReport, BatchLine, BatchLineProblem, LONGEST_LINE, MOST_FAULTS, MOST_LINES,
};
use domain::ai::json_lines::FileLine;
use domain::ai::{ModelUsage, TokenCounts, UnmeteredUsage};
use domain::lists::{ListEntry, Rank, Within};
use domain::{Aggregate, EventMeta, InvalidFields, Timestamp};
use std::collections::BTreeMap;
use testkit::{given, given_nothing};

const SHA: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

fn created() -> BatchEvent {
    create_batch(&CreateBatch {
        id: id(1),
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        bytes: 100,
        sha256: SHA,
        metadata: &BTreeMap::new(),
        created_by: id(2),
        api_key: None,
    })
    .unwrap()
}

fn state(events: &[BatchEvent]) -> Batch {
    let apply = |state, event: &BatchEvent| Batch::apply(state, event, EventMeta { at: START });
    events.iter().fold(None, apply).unwrap()
}

fn started() -> BatchEvent {
    started_for(None)
}

fn started_for(provider_model: Option<&str>) -> BatchEvent {
    let reservation = BatchReservation {
        request_id: id(3),
        bound_nano_usd: 900,
        shard: 0,
        at: START,
        lease_until: at(WINDOW + 7200),
        model: "m".to_owned(),
        provider: "bedrock".to_owned(),
        price_version: "v".to_owned(),
    };
    start_batch(&state(&[created()]), 3, reservation, provider_model.map(str::to_owned)).unwrap()
}

fn claimed(until: Timestamp) -> BatchEvent {
    claim_batch(&state(&[created(), started()]), START, until).unwrap()
}

fn progress(lines: u32) -> BatchProgress {
    let tokens = TokenCounts { input: 10, output: 5, ..TokenCounts::default() };
    let (model, unmetered) = ("m".to_owned(), UnmeteredUsage::default());
    let usage = vec![ModelUsage { model, tokens, cost_nano_usd: 100, unmetered }];
    BatchProgress { lines, bytes: 30, completed: lines, failed: 0, attempts: lines, usage }
}

fn progressed(lines: u32) -> BatchEvent {
    let running = state(&[created(), started(), claimed(at(60))]);
    record_progress(&running, at(60), progress(lines)).unwrap()
}

#[test]
fn it_goes_from_file_to_results() {
    let waiting = given_nothing::<Batch>().when(|_| created()).then([created()]).unwrap();
    assert_eq!((waiting.status, waiting.expires_at()), (BatchStatus::Validating, at(WINDOW)));
    let rank = Rank::Time(START);
    let entry = |list, within| ListEntry { list, within, rank: rank.clone() };
    let listed =
        [entry(Batch::BY_TIME, Within::Organization), entry(Batch::OF_OWNER_BY_TIME, Within::Owner(id(2)))];
    let open = entry(Batch::OPEN, Within::Open);
    assert_eq!(waiting.lists(), [listed.as_slice(), &[open]].concat());
    let some = state(&[created(), started(), claimed(at(60)), progressed(2)]);
    assert_eq!(
        (some.status, some.lines_done, some.bytes_done, some.claimed_until),
        (BatchStatus::InProgress, 2, 30, None)
    );
    let claim = claim_batch(&some, at(61), at(120)).unwrap();
    let all = state(&[created(), started(), claimed(at(60)), progressed(2), claim.clone()]);
    let rest = record_progress(&all, at(120), progress(1)).unwrap();
    let events = [created(), started(), claimed(at(60)), progressed(2), claim, rest];
    let done = state(&events);
    assert_eq!(
        (done.status, done.end, done.lines_left()),
        (BatchStatus::Finalizing, Some(BatchEnd::Completed), 0)
    );
    assert_eq!((done.cost_nano_usd(), done.tokens().input, done.attempts), (200, 20, 3));
    let ended = end_batch(&done).unwrap();
    let after = given(events).when(|state: Option<&Batch>| end_batch(state.unwrap())).then([ended]).unwrap();
    assert_eq!((after.status, after.completed), (BatchStatus::Completed, 3));
    assert_eq!(after.lists(), listed);
    assert_eq!(end_batch(&after), None);
}

#[test]
fn a_step_has_one_owner_until_its_claim_ends() {
    let running = state(&[created(), started(), claimed(at(60))]);
    assert_eq!(claim_batch(&running, at(59), at(200)), None);
    // The end of a claim names it, so a later one ends later.
    assert_eq!(claim_batch(&running, at(60), at(60)), None);
    let second = claim_batch(&running, at(60), at(120)).unwrap();
    let other = Batch::apply(Some(running), &second, EventMeta { at: at(60) }).unwrap();
    assert_eq!(record_progress(&other, at(60), progress(1)), None);
    assert!(record_progress(&other, at(120), progress(1)).is_some());
    // More lines than there are never have results.
    assert_eq!(record_progress(&other, at(120), progress(4)), None);
}

#[test]
fn a_batch_without_money_ends_at_once_and_another_puts_its_results_together() {
    let waiting = state(&[created()]);
    let cancelled = cancel_batch(&waiting, id(2)).unwrap();
    assert_eq!(state(&[created(), cancelled.clone()]).status, BatchStatus::Cancelled);
    assert_eq!(expire_batch(&waiting, at(WINDOW - 1)), None);
    let expired = expire_batch(&waiting, at(WINDOW)).unwrap();
    assert_eq!(state(&[created(), expired.clone()]).status, BatchStatus::Expired);
    for (event, status, end) in [
        (cancelled, BatchStatus::Cancelling, BatchStatus::Cancelled),
        (expired, BatchStatus::Finalizing, BatchStatus::Expired),
    ] {
        let ending = state(&[created(), started(), event.clone()]);
        assert_eq!(ending.status, status);
        assert_eq!((cancel_batch(&ending, id(2)), expire_batch(&ending, at(WINDOW))), (None, None));
        let ended = end_batch(&ending).unwrap();
        assert_eq!(state(&[created(), started(), event, ended]).status, end);
    }
}

#[test]
fn results_that_come_after_a_cancellation_count() {
    let running = [created(), started(), claimed(at(60))];
    let cancelled = cancel_batch(&state(&running), id(2)).unwrap();
    let cancelling = state(&[running.as_slice(), std::slice::from_ref(&cancelled)].concat());
    let late = record_progress(&cancelling, at(60), progress(3)).unwrap();
    let after = state(&[running.as_slice(), &[cancelled, late]].concat());
    assert_eq!((after.status, after.completed), (BatchStatus::Cancelling, 3));
    assert_eq!(after.end, Some(BatchEnd::Cancelled));
}

#[test]
fn a_started_batch_can_t_fail() {
    let failure = || BatchFailure::of_budget("tenant_day");
    let failed = fail_batch(&state(&[created()]), failure()).unwrap();
    let after = state(&[created(), failed]);
    assert_eq!((after.status, after.failure), (BatchStatus::Failed, Some(failure())));
    assert_eq!(fail_batch(&state(&[created(), started()]), failure()), None);
    assert_eq!(submit_batch(&state(&[created(), started()]), "job"), None);
}

#[test]
fn a_job_that_is_found_after_a_cancellation_or_the_day_is_recorded() {
    let given = started_for(Some("m"));
    let running = state(&[created(), given.clone()]);
    for ending in [cancel_batch(&running, id(2)).unwrap(), expire_batch(&running, at(WINDOW)).unwrap()] {
        let before = state(&[created(), given.clone(), ending.clone()]);
        let submitted = submit_batch(&before, "job").unwrap();
        let after = state(&[created(), given.clone(), ending, submitted]);
        assert_eq!((after.status, after.provider_job.as_deref()), (before.status, Some("job")));
        assert_eq!(submit_batch(&after, "other"), None);
    }
}

#[test]
fn wrong_fields_are_named() {
    let metadata = BTreeMap::from([(String::new(), "x".repeat(513))]);
    let wrong = create_batch(&CreateBatch {
        id: id(1),
        endpoint: "/v1/embeddings",
        completion_window: "48h",
        bytes: 50_000_001,
        sha256: "x",
        metadata: &metadata,
        created_by: id(2),
        api_key: None,
    });
    let InvalidFields(wrong) = wrong.unwrap_err();
    let fields: Vec<&str> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
    let metadata = "metadata";
    assert_eq!(
        fields,
        ["endpoint", "completion_window", "input_file.bytes", "input_file.sha256", metadata, metadata]
    );
}

fn line(id: &str) -> String {
    format!(r#"{{"custom_id":"{id}","method":"POST","url":"/v1/chat/completions","body":{{"model":"m"}}}}"#)
}

#[test]
fn a_line_is_a_request_to_the_endpoint() {
    use BatchLineProblem::{CustomId, Empty, Method, NotARequest, NotJson, NotUtf8, Url};
    let good = line("a");
    let read = BatchLine::read(FileLine::Whole(good.as_bytes())).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!((read.custom_id.as_ref(), read.body.get()), ("a", r#"{"model":"m"}"#));
    for (wrong, problem) in [
        (" ".to_owned(), Empty),
        ("{".to_owned(), NotJson),
        ("[]".to_owned(), NotARequest),
        (good.replace("\"method\":\"POST\",", ""), NotARequest),
        (good.replace("{\"model\":\"m\"}", "[]"), NotARequest),
        (good.replace("\"body\"", "\"more\":1,\"body\""), NotARequest),
        (good.replace("\"a\"", "7"), NotARequest),
        (line(""), CustomId),
        (line(&"x".repeat(257)), CustomId),
        (line("a\\u0000"), CustomId),
        (good.replace("POST", "GET"), Method),
        (good.replace("completions", "completion"), Url),
    ] {
        let found = BatchLine::read(FileLine::Whole(wrong.as_bytes())).err();
        assert_eq!(found, Some(problem), "{wrong}");
    }
    assert_eq!(BatchLine::read(FileLine::Whole(b"\xff")).err(), Some(NotUtf8));
    assert_eq!(BatchLine::read(FileLine::TooLong).err(), Some(BatchLineProblem::TooLong));
    const { assert!(LONGEST_LINE >= 1024 * 1024) };
}

#[test]
fn a_file_is_judged_by_its_first_wrong_lines() {
    let report = |lines: &[String]| {
        let mut check = BatchFileCheck::default();
        for line in lines {
            let _valid = check.line(FileLine::Whole(line.as_bytes()));
        }
        check.finish()
    };
    let seen = report(&[line("a"), line("b"), line("a")]);
    assert_eq!((seen.lines, seen.faults[0].line), (3, 3));
    assert_eq!(seen.faults[0].reason, BatchLineProblem::RepeatedCustomId);
    let failure = file_failure(seen).unwrap();
    assert_eq!((failure.reason, failure.lines.len()), (BatchFailureReason::InvalidLines, 1));
    let many = report(&vec![String::new(); MOST_FAULTS + 5]);
    assert_eq!((many.lines, many.faults.len()), (25, MOST_FAULTS));
    let of =
        |lines| file_failure(BatchFileReport { lines, faults: Vec::new() }).map(|failure| failure.reason);
    assert_eq!((of(1), of(MOST_LINES)), (None, None));
    assert_eq!(of(MOST_LINES + 1), Some(BatchFailureReason::TooManyLines));
}
