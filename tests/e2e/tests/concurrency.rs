//! Many simultaneous changes of one lead, and one request many times at once.

use crate::busy;
use e2e_tests::{events_of, lead};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Barrier, Condvar, Mutex};
use std::thread;

const WRITERS: usize = 50;
const REPEATERS: usize = 20;

/// Fifty clients each add their line to the notes of one lead. They share their latest copy of it, like the tabs of one
/// browser: reads are limited, and every answer to a write is as good as a read.
#[test]
fn fifty_writers_of_one_lead_lose_no_update() {
    let admin = &busy().admin;
    let created = admin.post("/v1/leads", &json!({"company_name": "Crowded Ltd"})).json(201);
    let path = format!("/v1/leads/{}", created["id"].as_str().unwrap());
    let heard = (Mutex::new(created), Condvar::new());
    let start = Barrier::new(WRITERS);
    let refusals = Mutex::new(0_u32);

    let write = |writer: usize| {
        start.wait();
        let mut seen = heard.0.lock().unwrap().clone();
        loop {
            let version = seen["version"].as_u64().unwrap();
            let notes = format!("{}[{writer}]", seen["notes"].as_str().unwrap_or_default());
            let body = json!({"company_name": "Crowded Ltd", "status": "new", "notes": notes});
            let answer = admin.put(&path, &format!("\"{version}\""), &body);
            if answer.status == 200 {
                let mine = answer.json(200);
                assert_eq!(mine["version"].as_u64(), Some(version + 1));
                let mut latest = heard.0.lock().unwrap();
                if latest["version"].as_u64() < mine["version"].as_u64() {
                    *latest = mine;
                }
                heard.1.notify_all();
                return;
            }
            answer.problem(412, "precondition_failed");
            *refusals.lock().unwrap() += 1;
            // Another client was faster, so there is a newer copy, or will be as soon as that client has its answer.
            let latest = heard.0.lock().unwrap();
            let latest =
                heard.1.wait_while(latest, |latest| latest["version"].as_u64() <= Some(version)).unwrap();
            seen = latest.clone();
        }
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });

    let lead = admin.get(&path).json(200);
    assert_eq!(lead["version"].as_u64(), Some(1 + WRITERS as u64));
    for writer in 0..WRITERS {
        assert!(lead["notes"].as_str().unwrap().contains(&format!("[{writer}]")), "writer {writer} was lost");
    }
    assert!(*refusals.lock().unwrap() >= WRITERS as u32 - 1, "they did meet");
    let events = events_of(&busy().id);
    let versions: BTreeSet<u64> = events
        .iter()
        .filter(|event| event["aggregate_id"] == lead["id"])
        .filter_map(|event| event["sk"].as_u64())
        .collect();
    assert!(versions.into_iter().eq(1..=1 + WRITERS as u64), "every version is in the ledger, once");
}

#[test]
fn a_create_that_is_sent_twenty_times_at_once_makes_one_lead() {
    let admin = &busy().admin;
    let body = lead("Once Only Ltd");
    let headers = [("Idempotency-Key", "twenty-at-once")];
    let start = Barrier::new(REPEATERS);
    let answers: Vec<_> = thread::scope(|scope| {
        let send = || {
            start.wait();
            admin.post_with("/v1/leads", &headers, &body)
        };
        let repeaters: Vec<_> = (0..REPEATERS).map(|_| scope.spawn(send)).collect();
        repeaters.into_iter().map(|repeater| repeater.join().unwrap()).collect()
    });

    let (mut first, mut leads) = (0, BTreeSet::new());
    for answer in answers {
        if answer.status == 409 {
            // The request met the first one while it ran, and must be sent again.
            continue;
        }
        first += u32::from(answer.header("Idempotency-Replayed").is_none());
        leads.insert(answer.json(201).to_string());
    }
    assert_eq!((first, leads.len()), (1, 1), "one creates, the others are told the same");

    let replayed = admin.post_with("/v1/leads", &headers, &body).expect(201);
    assert_eq!(replayed.header("Idempotency-Replayed"), Some("true"));
    let created: Value = serde_json::from_str(leads.first().unwrap()).unwrap();
    assert_eq!(replayed.json(201), created);
    admin.post_with("/v1/leads", &headers, &lead("Another Ltd")).problem(422, "idempotency_key_reused");

    let listed = admin.get("/v1/leads?limit=100").json(200);
    let same =
        listed["data"].as_array().unwrap().iter().filter(|lead| lead["company_name"] == "Once Only Ltd");
    assert_eq!(same.count(), 1);
}
