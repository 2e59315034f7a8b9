//! Failures behind the API: messages that can't be handled, messages that come twice, processes that die.

use adapter_dynamodb::DynamoAuditLog;
use e2e_tests::{
    Aws, FunctionProcess, Organization, Queue, bus_event, events_of, eventually, judgement, model, soon,
    table,
};
use ports::AuditLog;
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

fn organization() -> &'static Organization {
    static OWN: OnceLock<Organization> = OnceLock::new();
    OWN.get_or_init(|| Organization::register("jobs"))
}

/// The number of entries of the audit log, whose chain must hold.
fn audited() -> u64 {
    let log = DynamoAuditLog::new(&Aws::root_config(), table("state"));
    Aws::run(log.verify(organization().id.parse().unwrap())).expect("the audit log's chain holds")
}

/// The event of a type in a lead's history.
fn event_of(lead: &Value, event_type: &str) -> Option<Value> {
    let events = events_of(&organization().id);
    events.into_iter().find(|event| event["aggregate_id"] == lead["id"] && event["event_type"] == event_type)
}

/// The same event with another id, `step` (1 to 31) digits further: another event for its consumers.
fn as_another(mut event: Value, step: usize) -> Value {
    const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let id = event["detail"]["event_id"].as_str().unwrap();
    let (head, last) = id.split_at(id.len() - 1);
    let at = (DIGITS.find(last).unwrap() + step) % DIGITS.len();
    event["detail"]["event_id"] = json!(format!("{head}{}", &DIGITS[at..=at]));
    event
}

#[test]
fn a_message_nobody_can_handle_ends_in_the_dead_letter_queue_and_holds_up_none() {
    let (queue, dead_letters) = (Queue::named("record-audit"), Queue::named("record-audit-dead-letters"));
    let lead = organization().create_lead("Dead Letters Ltd");
    let event = soon("the event of the new lead", || event_of(&lead, "lead_created"));
    let created = events_of(&organization().id).len() as u64;
    eventually("the audit log is up to date", 30, Duration::from_millis(200), || {
        (audited() >= created).then_some(())
    });
    let before = audited();

    // Nine attempts take 17 minutes, which is too long for a test; three take 28 seconds.
    let mut policy: Value = serde_json::from_str(&queue.attribute("RedrivePolicy")).unwrap();
    policy["maxReceiveCount"] = json!(3);
    let _impatient = queue.with_attribute("RedrivePolicy", &policy.to_string());
    let good = bus_event(&event);
    let mut nobodys = good.clone();
    nobodys["detail"]["tenant_id"] = json!("nobody");
    let poison =
        ["this is not JSON".to_owned(), json!({"detail": {"event_id": 7}}).to_string(), nobodys.to_string()];
    let [first, second, third] = poison.clone();
    let good = [1, 2, 3].map(|step| as_another(good.clone(), step).to_string());
    let [good_first, good_second, good_third] = good;
    queue.send(&[first, good_first, second, good_second, third, good_third]);

    soon("the good messages are handled", || (audited() >= before + 2).then_some(()));
    let dead = eventually("the poison in the dead-letter queue", 90, Duration::from_millis(500), || {
        let dead = dead_letters.peek();
        poison.iter().all(|message| dead.contains(message)).then_some(dead)
    });
    assert_eq!(dead.len(), poison.len(), "nothing but the poison: {dead:?}");
}

#[test]
fn an_event_that_is_delivered_twice_notifies_once() {
    let queue = Queue::named("notify-in-app");
    let lead = organization().create_lead("Twice Ltd");
    let path = format!("/v1/leads/{}/score", lead["id"].as_str().unwrap());
    {
        let _turn = model();
        organization().admin.send("POST", &path, &[], None).json(200);
    }
    let about_it = || {
        let notifications = organization().notifications();
        notifications.into_iter().filter(|told| told["params"]["lead_id"] == lead["id"]).count()
    };
    let event = soon("the event of the score", || event_of(&lead, "lead_scored"));
    eventually("the notification", 30, Duration::from_secs(1), || (about_it() == 1).then_some(()));

    let again = bus_event(&event);
    let different = as_another(again.clone(), 1);
    queue.send(&[again.to_string(), again.to_string(), again.to_string(), different.to_string()]);
    // The last message is another event: when its notification is there, the messages before it were handled too.
    eventually("the notification of the other event", 30, Duration::from_secs(1), || {
        (about_it() >= 2).then_some(())
    });
    soon("every message is handled", || queue.is_empty().then_some(()));
    assert_eq!(about_it(), 2);
}

#[test]
fn a_process_that_dies_halfway_leaves_nothing_behind_and_a_retry_costs_one_score() {
    let model = model();
    let lead = organization().create_lead("Halfway Ltd");
    let id = lead["id"].as_str().unwrap();
    let (path, headers) = (format!("/v1/leads/{id}/score"), [("Idempotency-Key", id)]);
    let score = || organization().admin.send("POST", &path, &headers, None);

    model.script(&[json!({"tool_input": judgement(10, 10, 10, 10), "delay_ms": 25_000})]);
    let interrupted = thread::scope(|scope| {
        let call = scope.spawn(score);
        soon("the model is asked", || (model.calls().len() == 1).then_some(()));
        let processes = FunctionProcess::all_of("score-lead");
        assert!(!processes.is_empty(), "score-lead runs");
        processes.iter().for_each(FunctionProcess::kill);
        call.join().unwrap()
    });
    interrupted.problem(500, "internal_error");
    let unchanged = organization().admin.get(&format!("/v1/leads/{id}")).json(200);
    assert_eq!((&unchanged["version"], &unchanged["score"]), (&json!(1), &Value::Null));

    // The dead request holds its key until the latest time at which it would have been answered; then the retry does
    // the work.
    model.script(&[json!({"tool_input": judgement(90, 90, 90, 90)})]);
    let retried = eventually("the retry is let through", 45, Duration::from_secs(6), || {
        let answer = score();
        if answer.status == 409 {
            assert!(answer.header("Retry-After").is_some());
            answer.problem(409, "request_in_progress");
            return None;
        }
        Some(answer)
    });
    assert_eq!(retried.header("Idempotency-Replayed"), None);
    let retried = retried.json(200);
    assert_eq!((&retried["version"], &retried["engine"]), (&json!(2), &json!("model")));
    let again = score();
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.json(200), retried);

    assert_eq!(model.calls().len(), 2, "the model was asked once by the dead request and once by the retry");
    let scores = events_of(&organization().id);
    let scores =
        scores.iter().filter(|event| event["aggregate_id"] == id && event["event_type"] == "lead_scored");
    assert_eq!(scores.count(), 1);
}
