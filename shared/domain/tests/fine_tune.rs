//! Fine-tunes: from file to model, and every other end.

use crate::support::{START, at, id};
use domain::ai::fine_tune::{
    CreateFineTune, Failure, FailureReason, FineTune, FineTuneEvent, FineTuneStatus, HyperParameters,
    LATE_START, SUBMIT_FOR, WAIT_FOR_FILE, cancel_fine_tune, complete_fine_tune, create_fine_tune,
    fail_fine_tune, fail_for_missing_file, judge_file, start_fine_tune, stop_fine_tune, train_fine_tune,
};
use domain::ai::training_file::{FEWEST_RECORDS, FileReport, LineFault, LineProblem, MOST_RECORDS};
use domain::lists::{ListEntry, Rank, Within};
use domain::{Aggregate, DomainEvent, InvalidFields};
use testkit::{given, given_nothing};

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

fn trained() -> FineTuneEvent {
    train_fine_tune(&state(&[created(), accepted(), started()]), "model").unwrap()
}

fn deploying() -> [FineTuneEvent; 4] {
    [created(), accepted(), started(), trained()]
}

fn completed() -> FineTuneEvent {
    complete_fine_tune(&state(&deploying()), "deployment").unwrap()
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
    let untold = given([created(), accepted(), started()])
        .when(|state: Option<&FineTune>| train_fine_tune(state.unwrap(), "model"))
        .then([trained()])
        .unwrap();
    assert_eq!((untold.status, untold.custom_model.as_deref()), (FineTuneStatus::Deploying, Some("model")));
    assert_eq!((untold.model(), untold.is_open()), (None, true));
    let model = given(deploying())
        .when(|state: Option<&FineTune>| complete_fine_tune(state.unwrap(), "deployment"))
        .then([completed()])
        .unwrap();
    assert_eq!((model.status, model.records), (FineTuneStatus::Completed, Some(9)));
    assert_eq!((model.provider_job.as_deref(), model.custom_model.as_deref()), (Some("job"), Some("model")));
    assert_eq!(model.deployment.as_deref(), Some("deployment"));
    let name = format!("ft:amazon.nova-lite-v1:0:{}", id::<domain::id::FineTuneTag>(1));
    assert_eq!(model.model().unwrap().to_string(), name);
    assert!(!model.is_open());
    let rank = Rank::Time(START);
    let askable = ListEntry { list: FineTune::MODELS, within: Within::Organization, rank };
    assert_eq!(model.lists(), [listed, askable]);
    assert_eq!((model.created_at, model.accepted_at, model.changed_at), (START, Some(at(1)), at(4)));
}

#[test]
fn an_event_from_before_models_were_deployed_completes_one_that_can_t_be_asked() {
    let mut old = completed().encode();
    old.schema_version = 1;
    old.data.as_object_mut().unwrap().remove("deployment");
    let old = FineTuneEvent::decode(&old).unwrap();
    let ended = state(&[created(), accepted(), started(), old]);
    assert_eq!((ended.status, ended.custom_model.as_deref()), (FineTuneStatus::Completed, Some("model")));
    assert_eq!((ended.model(), ended.lists().len()), (None, 1));
}

#[test]
fn a_failure_for_want_of_money_is_written_in_the_second_version() {
    let poor = fail_fine_tune(&state(&[created()]), Failure::of_budget("tenant_day")).unwrap();
    let encoded = poor.encode();
    assert_eq!((encoded.schema_version, failed().encode().schema_version), (2, 1));
    assert_eq!(encoded.data["reason"], "budget_exceeded");
    assert_eq!(FineTuneEvent::decode(&encoded).unwrap(), poor);
    // Ledgers have such events from before the second version was made.
    assert_eq!(FineTuneEvent::decode(&encoded.clone().with_version(1)).unwrap(), poor);
    assert!(FineTuneEvent::decode(&encoded.with_version(3)).is_err());
}

#[test]
fn a_model_that_can_be_asked_is_retired_by_a_cancellation() {
    let whole = [deploying().to_vec(), vec![completed()]].concat();
    let retired = given(whole.clone())
        .when(|state: Option<&FineTune>| cancel_fine_tune(state.unwrap(), id(3)))
        .then([cancel_fine_tune(&state(&whole), id(3)).unwrap()])
        .unwrap();
    assert_eq!((retired.status, retired.model()), (FineTuneStatus::Canceled, None));
    assert!(retired.stopping && retired.is_open());
    assert!(cancel_fine_tune(&retired, id(3)).is_none());
}

#[test]
fn a_failure_leaves_nothing_at_the_provider() {
    let failed_with = |events: &[FineTuneEvent], failure: Failure| {
        let event = fail_fine_tune(&state(events), failure).unwrap();
        state(&[events.to_vec(), vec![event]].concat())
    };
    let refused = Failure::of_provider("No");
    // A model exists that nobody will ask.
    assert!(failed_with(&deploying(), refused.clone()).stopping);
    assert!(!failed_with(&[created(), accepted(), started()], refused).stopping);
    // Another run may have found money, and started the job.
    let poor = failed_with(&[created(), accepted()], Failure::of_budget("tenant_day"));
    assert!(poor.stopping);
    let failure = poor.failure.unwrap();
    assert_eq!(
        (failure.reason, failure.message.as_deref()),
        (FailureReason::BudgetExceeded, Some("tenant_day"))
    );
}

#[test]
fn training_is_paid_once_by_the_third_of_a_byte() {
    let waiting = state(&[created()]);
    // Ten bytes are four tokens, and there are two passes.
    assert_eq!(waiting.training_tokens(), 8);
    let paid = [accepted(), started(), trained()].map(|event| event);
    let mut events = vec![created()];
    let mut requests = Vec::new();
    for event in paid {
        events.push(event);
        requests.push(state(&events).training_request());
    }
    assert!(requests.iter().all(|request| *request == requests[0]), "{requests:?}");
    assert_eq!(domain::id::made_at(&requests[0]), Some(at(1)));
    let other = CreateFineTune { id: id(4), ..command() };
    assert_ne!(state(&[create_fine_tune(&other).unwrap(), accepted()]).training_request(), requests[0]);
}

#[test]
fn a_deployment_is_waited_for_three_days() {
    let waiting = state(&deploying());
    let since = waiting.changed_at;
    assert!(!waiting.submission_timed_out(since.plus_seconds(SUBMIT_FOR - 1)));
    assert!(waiting.submission_timed_out(since.plus_seconds(SUBMIT_FOR)));
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
    let whole = vec![accepted(), started(), trained(), completed()];
    for end in [whole, vec![failed()], vec![canceled()]] {
        let ended = state(&[vec![created()], end.clone()].concat());
        assert!(ended.status == FineTuneStatus::Completed || cancel_fine_tune(&ended, id(3)).is_none());
        assert!(fail_fine_tune(&ended, Failure::of_provider("No")).is_none());
        assert!(start_fine_tune(&ended, "job").is_none() && complete_fine_tune(&ended, "model").is_none());
        assert!(train_fine_tune(&ended, "model").is_none() && !ended.is_open());
        for late in [created(), accepted(), started(), trained(), completed(), failed()] {
            let again = state(&[vec![created()], end.clone(), vec![late]].concat());
            assert_eq!((again.status, &again.custom_model), (ended.status, &ended.custom_model));
        }
    }
}

#[test]
fn after_a_cancellation_it_is_open_until_the_provider_has_stopped() {
    for going in [vec![created(), accepted()], vec![created(), accepted(), started()], deploying().to_vec()] {
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
