//! Queues, streams and schedules: failed messages, and only those, are delivered again.

use crate::support::{ACCOUNT, LEAD, ORGANIZATION, now};
use application_core::{Context, Error};
use contracts::event_message::EventMessage;
use domain::Timestamp;
use edge::queue::EventHandler;
use edge::schedule::ScheduleHandler;
use edge::stream::{ItemChange, StreamHandler};
use edge::{Failure, Invocation, JobError, log, queue, schedule, stream};
use ports::{BoxFuture, MessageVisibility, RetriedMessage, Source, StoreError};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

const EVENT: &str = "event_01jd2x5k8rf4w0n5v8x7a1s2tb";

fn message(id: &str, kind: &str) -> Value {
    let body = json!({
        "version": "0", "id": "6a7e8feb", "detail-type": kind, "source": "sextant.ledger",
        "detail": {
            "event_id": EVENT, "event_type": kind, "schema_version": 1, "tenant_id": ORGANIZATION,
            "aggregate_type": "lead", "aggregate_id": LEAD, "version": 1,
            "occurred_at": "2025-11-21T09:10:00.000Z", "actor": ACCOUNT, "correlation_id": "corr-1",
            "causation_id": null, "data": {"lead_id": LEAD},
        },
    });
    json!({"messageId": id, "body": body.to_string(), "attributes": {"ApproximateReceiveCount": "1"}})
}

/// Does what the event's type says, and remembers the events.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl EventHandler for Events {
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            assert_eq!(context.correlation_id, "corr-1");
            assert_eq!(context.causation_id.unwrap().to_string(), EVENT);
            self.0.lock().unwrap().push(event.event_type.clone());
            match event.event_type.as_str() {
                "fails" => Err(StoreError::Unavailable("down for ada@northwind.example".into()).into()),
                "malformed" => Err(JobError::Malformed("no lead_id")),
                "panics" => panic!("ada@northwind.example"),
                "slow" => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }
}

fn failed(ids: &[&str]) -> Value {
    json!({"batchItemFailures": ids.iter().map(|id| json!({"itemIdentifier": id})).collect::<Vec<_>>()})
}

#[tokio::test]
async fn reports_the_messages_that_failed_and_handles_the_others() {
    let handler = Events::default();
    let batch = json!({"Records": [
        message("m1", "lead_created"),
        message("m2", "fails"),
        {"messageId": "m3", "body": "{\"detail\": \"ada@northwind.example\"}"},
        {"messageId": "m4"},
        message("m5", "panics"),
        message("m6", "malformed"),
        message("m7", "lead_scored"),
    ]});
    let (answer, lines) = log::capture(queue::invoke(&handler, batch, now())).await;
    assert_eq!(answer.unwrap(), failed(&["m2", "m3", "m4", "m5", "m6"]));
    assert_eq!(*handler.0.lock().unwrap(), ["lead_created", "fails", "panics", "malformed", "lead_scored"]);
    assert_eq!(lines.len(), 6, "{lines:?}");
    let summary: Value = serde_json::from_str(&lines[5]).unwrap();
    assert_eq!((&summary["messages"], &summary["failed"]), (&json!(7), &json!(5)));
    assert_eq!(summary["StatusClass"], "partial");
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(first["correlation_id"], "corr-1");
    assert_eq!(first["tenant"], ORGANIZATION);
    assert_eq!(first["error"], "the store is unavailable: down for [masked]");
    assert!(!lines.concat().contains("ada@"), "{lines:?}");
}

/// Records the messages that are delivered again, and when.
#[derive(Default)]
struct Retries {
    asked: Mutex<Vec<(String, Vec<RetriedMessage>)>>,
    fails: bool,
}

impl MessageVisibility for Retries {
    fn retry_after<'a>(
        &'a self,
        queue_arn: &'a str,
        messages: &'a [RetriedMessage],
    ) -> BoxFuture<'a, Result<(), Source>> {
        self.asked.lock().unwrap().push((queue_arn.to_owned(), messages.to_vec()));
        let result = if self.fails { Err("down".into()) } else { Ok(()) };
        Box::pin(async { result })
    }
}

/// The message in its `count`th delivery.
fn delivered(mut message: Value, count: u32) -> Value {
    message["receiptHandle"] = format!("receipt of {}", message["messageId"].as_str().unwrap()).into();
    message["eventSourceARN"] = "arn:aws:sqs:eu-west-1:123456789012:sextant-dev-jobs".into();
    message["attributes"] = json!({"ApproximateReceiveCount": count.to_string()});
    message
}

#[tokio::test]
async fn messages_that_failed_come_again_soon_and_later_each_time() {
    let retries = Retries::default();
    let invocation = Invocation::in_process(now());
    for (count, seconds) in
        [(1, 4), (2, 8), (3, 16), (4, 32), (5, 64), (6, 128), (7, 256), (8, 512), (9, 900), (40, 900)]
    {
        let batch = json!({"Records": [
            delivered(message("m1", "lead_created"), count),
            delivered(message("m2", "fails"), count),
            delivered(json!({"messageId": "m3", "body": "{}"}), count),
        ]});
        let answer = queue::invoke_consumer(&Events::default(), &retries, batch, &invocation).await.unwrap();
        assert_eq!(answer, failed(&["m2", "m3"]));
        let expected = ["receipt of m2", "receipt of m3"]
            .map(|receipt| RetriedMessage { receipt_handle: receipt.to_owned(), seconds });
        let asked = std::mem::take(&mut *retries.asked.lock().unwrap());
        let queue = "arn:aws:sqs:eu-west-1:123456789012:sextant-dev-jobs".to_owned();
        assert_eq!(asked, [(queue, expected.to_vec())], "{count}");
    }
}

#[tokio::test]
async fn a_batch_without_failures_changes_no_visibility_and_a_failed_change_fails_nothing() {
    let invocation = Invocation::in_process(now());
    let retries = Retries::default();
    let batch = json!({"Records": [delivered(message("m1", "lead_created"), 1)]});
    let answer = queue::invoke_consumer(&Events::default(), &retries, batch, &invocation).await.unwrap();
    assert_eq!((answer, retries.asked.lock().unwrap().len()), (failed(&[]), 0));

    let broken = Retries { fails: true, ..Retries::default() };
    let batch = json!({"Records": [delivered(message("m1", "fails"), 1), message("m2", "lead_created")]});
    let answer = queue::invoke_consumer(&Events::default(), &broken, batch, &invocation).await.unwrap();
    assert_eq!(answer, failed(&["m1"]));
}

#[tokio::test]
async fn leaves_messages_that_there_is_no_time_for() {
    let handler = Events::default();
    let batch = json!({"Records": [message("m1", "slow"), message("m2", "lead_created")]});
    let invocation = Invocation::in_process(now()).with_time(Duration::from_millis(1050));
    let answer = queue::invoke_as(&handler, batch, &invocation).await.unwrap();
    assert_eq!(answer, failed(&["m1", "m2"]));
    assert_eq!(*handler.0.lock().unwrap(), ["slow"]);
}

#[tokio::test]
async fn fails_as_a_whole_when_it_is_no_batch() {
    assert!(queue::invoke(&Events::default(), json!({"Record": []}), now()).await.is_err());
    assert!(stream::invoke(&Carries(None), json!([]), now()).await.is_err());
}

/// Handles records up to one.
struct Carries(Option<&'static str>);

impl StreamHandler for Carries {
    fn handle<'a>(
        &'a self,
        records: &'a [ItemChange],
        _: &'a Context,
    ) -> BoxFuture<'a, Result<Option<String>, JobError>> {
        Box::pin(async move {
            assert_eq!(records.len(), 3);
            match self.0 {
                Some("error") => Err(Error::Conflict.into()),
                Some("panic") => panic!("defect"),
                up_to => Ok(up_to.map(str::to_owned)),
            }
        })
    }
}

fn record(sequence_number: &str, image: Value) -> Value {
    json!({"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {
        "Keys": {"pk": {"S": "a"}, "sk": {"N": "1"}}, "NewImage": image,
        "SequenceNumber": sequence_number, "StreamViewType": "NEW_IMAGE",
    }})
}

fn batch() -> Value {
    let image = json!({"pk": {"S": "a"}, "sk": {"N": "1"}});
    json!({"Records": [record("11", image.clone()), record("12", image.clone()), record("13", image)]})
}

#[tokio::test]
async fn reports_the_first_record_that_must_come_again() {
    for (up_to, reported) in [
        (None, failed(&[])),
        (Some("12"), failed(&["12"])),
        (Some("not in the batch"), failed(&["11"])),
        (Some("error"), failed(&["11"])),
        (Some("panic"), failed(&["11"])),
    ] {
        assert_eq!(stream::invoke(&Carries(up_to), batch(), now()).await.unwrap(), reported, "{up_to:?}");
    }
}

/// Keeps the records that it gets.
#[derive(Default)]
struct Keeps(Mutex<Vec<ItemChange>>);

impl StreamHandler for Keeps {
    fn handle<'a>(
        &'a self,
        records: &'a [ItemChange],
        _: &'a Context,
    ) -> BoxFuture<'a, Result<Option<String>, JobError>> {
        self.0.lock().unwrap().extend_from_slice(records);
        Box::pin(async { Ok(None) })
    }
}

#[tokio::test]
async fn makes_plain_json_of_images() {
    let image = json!({
        "s": {"S": "x"}, "n": {"N": "1763716200000"}, "f": {"N": "-1.5"}, "b": {"B": "AAE="}, "t": {"BOOL": true},
        "z": {"NULL": true}, "l": {"L": [{"N": "1"}, {"S": "y"}]}, "m": {"M": {"k": {"M": {}}}},
        "ss": {"SS": ["p", "q"]}, "ns": {"NS": ["1", "2"]},
    });
    let handler = Keeps::default();
    let mut deleted = record("3", json!({}));
    deleted["dynamodb"]["NewImage"] = Value::Null;
    let batch = json!({"Records": [
        record("1", image), record("2", json!({"n": {"N": "one"}})), deleted, record("4", json!({"x": {"Q": 1}})),
    ]});
    stream::invoke(&handler, batch, now()).await.unwrap();
    let seen = handler.0.lock().unwrap();
    assert_eq!(seen[0].sequence_number, "1");
    assert_eq!(seen[0].keys, json!({"pk": "a", "sk": 1}));
    assert_eq!(
        seen[0].new_image,
        Some(json!({
            "s": "x", "n": 1_763_716_200_000_u64, "f": -1.5, "b": "AAE=", "t": true, "z": null, "l": [1, "y"],
            "m": {"k": {}}, "ss": ["p", "q"], "ns": [1, 2],
        }))
    );
    assert!(seen[1..].iter().all(|change| change.new_image.is_none()));
}

#[tokio::test]
async fn of_a_schedules_event_one_wrong_field_does_not_hide_the_other() {
    /// Remembers its calls.
    struct Calls(Mutex<Vec<(String, String)>>);
    impl ScheduleHandler for Calls {
        fn handle<'a>(&'a self, due: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
            self.0.lock().unwrap().push((due.to_string(), context.correlation_id.clone()));
            Box::pin(async { Ok(()) })
        }
    }
    let calls = Calls(Mutex::default());
    let own = Invocation::in_process(now()).request_id;
    for id in [json!(7), json!(null), json!({"secret": 1})] {
        let event = json!({"id": id, "time": "2025-11-21T00:00:00Z"});
        assert_eq!(schedule::invoke(&calls, event, now()).await, Ok(Value::Null));
        let called = calls.0.lock().unwrap().pop();
        assert_eq!(called, Some(("2025-11-21T00:00:00.000Z".to_owned(), own.clone())));
    }
    for (event, correlation_id, error) in [
        (json!({"id": "tick-1", "time": 5}), "tick-1", "not a scheduled event: the event has no time"),
        (json!({"id": "tick-1"}), "tick-1", "not a scheduled event: the event has no time"),
        (
            json!({"id": "tick-1", "time": "secret"}),
            "tick-1",
            "not a scheduled event: the event's time can't be read",
        ),
        (json!("secret"), &own, "not a scheduled event: JSON Data error at line 1 column 8"),
    ] {
        let (result, lines) = log::capture(schedule::invoke(&calls, event.clone(), now())).await;
        assert_eq!(result, Err(Failure("the job failed")), "{event}");
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(
            (&line["correlation_id"], &line["error"]),
            (&json!(correlation_id), &json!(error)),
            "{event}"
        );
        assert!(!lines.concat().contains("secret"), "{lines:?}");
    }
    assert!(calls.0.lock().unwrap().is_empty());
}

/// Fails at one moment.
struct Due;

impl ScheduleHandler for Due {
    fn handle<'a>(&'a self, due: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            assert_eq!(context.correlation_id, "tick-1");
            if due.to_string() == "2025-11-21T00:00:00.000Z" { Ok(()) } else { Err(Error::Conflict.into()) }
        })
    }
}

#[tokio::test]
async fn tells_a_schedule_whether_its_job_is_done() {
    let at = |time: &str| json!({"id": "tick-1", "time": time, "source": "aws.events", "detail": {}});
    assert_eq!(schedule::invoke(&Due, at("2025-11-21T00:00:00Z"), now()).await, Ok(Value::Null));
    for time in ["2025-11-22T00:00:00Z", "soon"] {
        assert_eq!(schedule::invoke(&Due, at(time), now()).await, Err(Failure("the job failed")), "{time}");
    }
}
