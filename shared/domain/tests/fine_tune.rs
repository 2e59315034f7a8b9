//! Fine-tunes: from file to model, and every other end.

use crate::support::{START, at, id};
use domain::ai::fine_tune::{
    CreateFineTune, Failure, FailureReason, FineTune, FineTuneEvent, FineTuneStatus, HyperParameters,
    LATE_START, WAIT_FOR_FILE, cancel_fine_tune, complete_fine_tune, create_fine_tune, fail_fine_tune,
    fail_for_missing_file, judge_file, start_fine_tune, stop_fine_tune,
};
use domain::ai::training_file::{
    FEWEST_RECORDS, FileCheck, FileReport, LONGEST_LINE, LineFault, LineProblem, MOST_FAULTS, MOST_RECORDS,
};
use domain::lists::{ListEntry, Rank, Within};
use domain::{Aggregate, InvalidFields};
use testkit::{given, given_nothing};

const LINE: &str = r#"{"schemaVersion":"bedrock-conversation-2024","system":[{"text":"You sell."}],"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"text":"Hello"}]}]}"#;
const SHA: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

fn command() -> CreateFineTune<'static> {
    CreateFineTune {
        id: id(1),
        name: " Ours ",
        base_model: "amazon.nova-lite-v1:0",
        training_model: "amazon.nova-lite-v1:0:300k",
        hyper_parameters: HyperParameters::default(),
        bytes: 10,
        sha256: SHA,
        created_by: id(2),
    }
}

fn created() -> FineTuneEvent {
    create_fine_tune(&command()).unwrap()
}

fn report(records: u32) -> FileReport {
    FileReport { records, faults: Vec::new() }
}

fn state(events: &[FineTuneEvent]) -> FineTune {
    let meta = |n: usize| domain::EventMeta { at: at(n as i64) };
    let folded =
        events.iter().enumerate().fold(None, |state, (n, event)| FineTune::apply(state, event, meta(n)));
    folded.unwrap()
}

fn accepted() -> FineTuneEvent {
    judge_file(&state(&[created()]), report(9)).unwrap()
}

fn started() -> FineTuneEvent {
    start_fine_tune(&state(&[created(), accepted()]), "job").unwrap()
}

fn completed() -> FineTuneEvent {
    complete_fine_tune(&state(&[created(), accepted(), started()]), "model").unwrap()
}

fn canceled() -> FineTuneEvent {
    cancel_fine_tune(&state(&[created()]), id(2)).unwrap()
}

fn failed() -> FineTuneEvent {
    fail_fine_tune(&state(&[created()]), Failure::of_provider("No")).unwrap()
}

#[test]
fn it_goes_from_file_to_model() {
    let waiting = given_nothing::<FineTune>().when(|_| created()).then([created()]).unwrap();
    assert_eq!((waiting.name.as_str(), waiting.status), ("Ours", FineTuneStatus::AwaitingFile));
    assert!(waiting.is_open());
    let rank = Rank::Time(START);
    let listed = ListEntry { list: FineTune::BY_TIME, within: Within::Organization, rank: rank.clone() };
    assert_eq!(
        waiting.lists(),
        [listed.clone(), ListEntry { list: FineTune::OPEN, within: Within::Open, rank }]
    );
    let model = given([created(), accepted(), started()])
        .when(|state: Option<&FineTune>| complete_fine_tune(state.unwrap(), "model"))
        .then([completed()])
        .unwrap();
    assert_eq!((model.status, model.records), (FineTuneStatus::Completed, Some(9)));
    assert_eq!((model.provider_job.as_deref(), model.custom_model.as_deref()), (Some("job"), Some("model")));
    assert!(!model.is_open());
    assert_eq!(model.lists(), [listed]);
    assert_eq!((model.created_at, model.changed_at), (START, at(3)));
}

#[test]
fn a_file_is_taken_only_while_it_is_waited_for_and_only_when_it_is_good() {
    let failure = |report| match judge_file(&state(&[created()]), report) {
        Some(event @ FineTuneEvent::Failed(_)) => state(&[created(), event]).failure,
        _ => None,
    };
    let reason = |records| failure(report(records)).map(|failure| failure.reason);
    assert_eq!(reason(FEWEST_RECORDS - 1), Some(FailureReason::TooFewRecords));
    assert_eq!((reason(FEWEST_RECORDS), reason(MOST_RECORDS)), (None, None));
    assert_eq!(reason(MOST_RECORDS + 1), Some(FailureReason::TooManyRecords));
    let fault = LineFault { line: 3, reason: LineProblem::NotJson };
    let wrong = failure(FileReport { records: 9, faults: vec![fault] }).unwrap();
    assert_eq!((wrong.reason, wrong.lines), (FailureReason::InvalidLines, vec![fault]));
    for later in [accepted(), canceled(), failed()] {
        given([created(), later])
            .when(|state: Option<&FineTune>| judge_file(state.unwrap(), report(9)))
            .then_nothing();
    }
}

#[test]
fn a_file_is_waited_for_a_day() {
    let waiting = state(&[created()]);
    assert!(fail_for_missing_file(&waiting, at(WAIT_FOR_FILE - 1)).is_none());
    let missed = state(&[created(), fail_for_missing_file(&waiting, at(WAIT_FOR_FILE)).unwrap()]);
    assert_eq!(missed.failure.unwrap().reason, FailureReason::FileMissing);
    assert!(fail_for_missing_file(&state(&[created(), accepted()]), at(WAIT_FOR_FILE)).is_none());
}

#[test]
fn what_has_ended_stays_as_it_is() {
    for end in [vec![accepted(), started(), completed()], vec![failed()], vec![canceled()]] {
        let ended = state(&[vec![created()], end.clone()].concat());
        assert!(cancel_fine_tune(&ended, id(3)).is_none());
        assert!(fail_fine_tune(&ended, Failure::of_provider("No")).is_none());
        assert!(start_fine_tune(&ended, "job").is_none() && complete_fine_tune(&ended, "model").is_none());
        assert!(!ended.is_open());
        for late in [created(), accepted(), started(), completed(), failed(), canceled()] {
            let again = state(&[vec![created()], end.clone(), vec![late]].concat());
            assert_eq!((again.status, &again.custom_model), (ended.status, &ended.custom_model));
        }
    }
}

#[test]
fn after_a_cancellation_it_is_open_until_the_provider_has_stopped() {
    for going in [vec![created(), accepted()], vec![created(), accepted(), started()]] {
        let event = cancel_fine_tune(&state(&going), id(3)).unwrap();
        let canceled = state(&[going, vec![event.clone()]].concat());
        assert!(canceled.stopping && canceled.is_open());
        let changed = canceled.changed_at;
        assert!(canceled.may_still_start(changed.plus_seconds(LATE_START - 1)));
        assert!(!canceled.may_still_start(changed.plus_seconds(LATE_START)));
        let stopped = stop_fine_tune(&canceled).unwrap();
        let done = FineTune::apply(Some(canceled), &stopped, domain::EventMeta { at: at(9) }).unwrap();
        assert_eq!((done.status, done.stopping, done.is_open()), (FineTuneStatus::Canceled, false, false));
        assert!(stop_fine_tune(&done).is_none());
    }
    assert!(!state(&[created(), canceled()]).stopping);
}

#[test]
fn a_providers_words_are_one_short_line() {
    let failure = Failure::of_provider(&format!("a\nb\0{}", "c".repeat(600)));
    let message = failure.message.unwrap();
    assert!(message.starts_with("a b c") && message.chars().count() == 500);
}

#[test]
fn every_wrong_field_is_named() {
    let wrong = |command: &CreateFineTune<'_>| -> Vec<String> {
        let InvalidFields(errors) = create_fine_tune(command).unwrap_err();
        errors.into_iter().map(|error| error.field).collect()
    };
    let usual = HyperParameters::default();
    let learning = |hyper_parameters| wrong(&CreateFineTune { hyper_parameters, ..command() });
    assert_eq!(wrong(&CreateFineTune { name: "", ..command() }), ["name"]);
    for epoch_count in [0, 6] {
        assert_eq!(learning(HyperParameters { epoch_count, ..usual }), ["hyper_parameters.epoch_count"]);
    }
    for learning_rate in [0.0, 0.000_000_9, 0.000_11, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(learning(HyperParameters { learning_rate, ..usual }), ["hyper_parameters.learning_rate"]);
    }
    assert_eq!(learning(HyperParameters { warmup_steps: 101, ..usual }), ["hyper_parameters.warmup_steps"]);
    for bytes in [0, 100_000_001] {
        assert_eq!(wrong(&CreateFineTune { bytes, ..command() }), ["training_file.bytes"]);
    }
    let other_bits = SHA.replace("gg=", "gh=");
    for sha256 in ["", "x", &SHA[1..], &other_bits, &SHA.replace('/', "_")] {
        assert_eq!(wrong(&CreateFineTune { sha256, ..command() }), ["training_file.sha256"], "{sha256}");
    }
}

/// The check of a file that comes in pieces of this size.
fn check(file: &[u8], piece: usize) -> FileReport {
    let mut check = FileCheck::default();
    file.chunks(piece).for_each(|piece| check.feed(piece));
    check.finish()
}

fn problem(line: &str) -> Option<LineProblem> {
    check(line.as_bytes(), 7).faults.first().map(|fault| fault.reason)
}

#[test]
fn good_lines_are_good_in_pieces_of_any_size() {
    let file = format!("{LINE}\r\n{LINE}\n{LINE}");
    for piece in [1, 2, 100, file.len()] {
        assert_eq!(check(file.as_bytes(), piece), report(3), "{piece}");
    }
    assert_eq!(check(format!("{LINE}\n").as_bytes(), 64), report(1));
    assert_eq!(check(b"", 1), report(0));
    let without_system = LINE.replace(r#""system":[{"text":"You sell."}],"#, "");
    assert_eq!(problem(&without_system), None);
}

#[test]
fn every_wrong_line_is_told_what_is_wrong() {
    use LineProblem::{BlankText, Empty, NotAConversation, NotJson, ReservedWord, Schema, Turns};
    let user = r#"{"role":"user","content":[{"text":"Hi"}]}"#;
    let with = |from: &str, to: &str| {
        assert!(LINE.contains(from), "{from}");
        problem(&LINE.replace(from, to))
    };
    assert_eq!(problem("\n"), Some(Empty));
    assert_eq!(problem("  \t\n"), Some(Empty));
    assert_eq!(problem("{"), Some(NotJson));
    assert_eq!(problem(&format!("{LINE}{LINE}")), Some(NotJson));
    assert_eq!(problem(&"[".repeat(100_000)), Some(NotAConversation));
    assert_eq!(problem("[]"), Some(NotAConversation));
    assert_eq!(problem(r#"{"prompt":"a","completion":"b"}"#), Some(NotAConversation));
    assert_eq!(with(r#""system""#, r#""tools""#), Some(NotAConversation));
    assert_eq!(with(r#""assistant""#, r#""system""#), Some(NotAConversation));
    assert_eq!(with(r#"{"text":"Hi"}"#, r#"{"image":{}}"#), Some(NotAConversation));
    assert_eq!(with(r#"{"text":"Hi"}"#, r#"{"text":"Hi","text":"Hi"}"#), Some(NotAConversation));
    // An array with the members of an object is not an object.
    assert_eq!(with(r#"{"text":"Hi"}"#, r#"["Hi"]"#), Some(NotAConversation));
    let turns =
        r#"[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"text":"Hello"}]}]"#;
    assert_eq!(problem(&format!(r#"["bedrock-conversation-2024",null,{turns}]"#)), Some(NotAConversation));
    assert_eq!(with("-2024", "-2025"), Some(Schema));
    assert_eq!(with(r#""assistant""#, r#""user""#), Some(Turns));
    assert_eq!(with(user, &format!("{user},{user}")), Some(Turns));
    assert_eq!(with(&format!("{user},"), ""), Some(Turns));
    let none = format!("{}[]}}", LINE.split_inclusive("\"messages\":").next().unwrap());
    assert_eq!(problem(&none), Some(Turns));
    assert_eq!(with("Hi", " "), Some(BlankText));
    assert_eq!(with(r#"[{"text":"Hi"}]"#, "[]"), Some(BlankText));
    assert_eq!(with(r#"[{"text":"You sell."}]"#, "[]"), Some(BlankText));
    assert_eq!(with("Hi", "Say User: now"), Some(ReservedWord));
    assert_eq!(with("You sell.", "[EOS]"), Some(ReservedWord));
    // Only prompts must not contain them.
    assert_eq!(with("Hello", "User: hello"), None);
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_told_apart() {
    assert_eq!(check(b"\xff\n", 1).faults, [LineFault { line: 1, reason: LineProblem::NotUtf8 }]);
    let pad = |length: usize| LINE.replace("Hello", &"x".repeat(length - LINE.len() + "Hello".len()));
    let file = format!("{}\n{}\n{LINE}", pad(LONGEST_LINE), pad(LONGEST_LINE + 1));
    for piece in [4096, LONGEST_LINE, file.len()] {
        let found = check(file.as_bytes(), piece);
        assert_eq!(found.faults, [LineFault { line: 2, reason: LineProblem::TooLong }], "{piece}");
        assert_eq!(found.records, 3);
    }
    let endless = check(&vec![b'x'; LONGEST_LINE + 1], 1000);
    assert_eq!((endless.records, endless.faults[0].reason), (1, LineProblem::TooLong));
}

#[test]
fn twenty_wrong_lines_are_named_and_all_are_counted() {
    let found = check("x\n".repeat(30).as_bytes(), 3);
    assert_eq!((found.records, found.faults.len()), (30, MOST_FAULTS));
    assert_eq!(found.faults.last().unwrap().line, 20);
}
