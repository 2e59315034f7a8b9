//! The audit log: whoever edits, swaps, removes or cuts is found out.

use crate::support::{START, at, random_bytes};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{OrganizationId, new_id};
use futures_util::future::join_all;
use ports::{AuditEntry, AuditLog};
use std::collections::HashMap;
use testkit::TestEnvironment;

type Item = HashMap<String, AttributeValue>;

fn entry(tenant: OrganizationId) -> AuditEntry {
    AuditEntry {
        event_id: new_id(at(0), &random_bytes()),
        tenant,
        action: "lead_created".to_owned(),
        actor: "account_1".to_owned(),
        resource_type: "lead".to_owned(),
        resource_id: "lead_1".to_owned(),
        occurred_at: at(0),
        correlation_id: "correlation".to_owned(),
        details: serde_json::json!({"lead_id": "lead_1"}),
    }
}

fn tenant() -> OrganizationId {
    new_id(START, &random_bytes())
}

/// A log of five entries, its items by sort key.
async fn five() -> (TestEnvironment, OrganizationId) {
    let (environment, tenant) = (TestEnvironment::start(), tenant());
    let log = environment.audit_log();
    for _ in 0..5 {
        assert!(log.append(&entry(tenant)).await.unwrap());
    }
    assert_eq!(log.verify(tenant).await.unwrap(), 5);
    (environment, tenant)
}

async fn item(environment: &TestEnvironment, sk: &str) -> Item {
    let items = environment.items(&environment.tables().state).await;
    items.into_iter().find(|item| item["sk"].as_s().unwrap() == sk).unwrap()
}

async fn put(environment: &TestEnvironment, item: Item) {
    let put = environment.client().put_item().table_name(environment.tables().state).set_item(Some(item));
    put.send().await.unwrap();
}

async fn delete(environment: &TestEnvironment, item: &Item) {
    let delete = environment.client().delete_item().table_name(environment.tables().state);
    delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone()).send().await.unwrap();
}

fn place(sequence: u64) -> String {
    format!("entry#{sequence:020}")
}

#[tokio::test]
async fn an_event_is_recorded_once() {
    let (environment, tenant) = (TestEnvironment::start(), tenant());
    let log = environment.audit_log();
    assert_eq!(log.verify(tenant).await.unwrap(), 0);
    let first = entry(tenant);
    assert!(log.append(&first).await.unwrap());
    assert!(!log.append(&first).await.unwrap());
    assert!(log.append(&entry(tenant)).await.unwrap());
    assert!(!log.append(&first).await.unwrap());
    assert_eq!(log.verify(tenant).await.unwrap(), 2);
}

#[tokio::test]
async fn many_at_once_make_one_chain() {
    let (environment, tenant) = (TestEnvironment::start(), tenant());
    let entries: Vec<_> = (0..20).map(|_| entry(tenant)).collect();
    // Each comes twice, as from a queue that delivers at least once.
    let logs: Vec<_> = (0..40).map(|_| environment.audit_log()).collect();
    let appended =
        join_all(logs.iter().zip(entries.iter().chain(&entries)).map(|(log, entry)| log.append(entry)));
    let appended = appended.await.into_iter().filter(|appended| *appended.as_ref().unwrap()).count();
    assert_eq!(appended, 20);
    assert_eq!(environment.audit_log().verify(tenant).await.unwrap(), 20);
}

#[tokio::test]
async fn tenants_have_logs_of_their_own() {
    let (environment, tenant) = five().await;
    let other = self::tenant();
    environment.audit_log().append(&entry(other)).await.unwrap();
    assert_eq!(environment.audit_log().verify(tenant).await.unwrap(), 5);
    assert_eq!(environment.audit_log().verify(other).await.unwrap(), 1);
}

#[tokio::test]
async fn every_edit_shows() {
    let (environment, tenant) = five().await;
    let original = item(&environment, &place(3)).await;
    for name in original.keys().filter(|name| !["pk", "sk"].contains(&name.as_str())) {
        let mut edited = original.clone();
        let value = match &edited[name] {
            AttributeValue::S(text) if name == "event_id" || name == "tenant_id" => {
                let end = if text.ends_with('0') { "1" } else { "0" };
                AttributeValue::S(format!("{}{end}", &text[..text.len() - 1]))
            }
            AttributeValue::S(_) if name == "occurred_at" => AttributeValue::S(at(1).to_string()),
            AttributeValue::S(text) => AttributeValue::S(format!("{text}x")),
            AttributeValue::N(_) => AttributeValue::N("4".to_owned()),
            _ => AttributeValue::B(Blob::new(vec![7; 32])),
        };
        edited.insert(name.clone(), value);
        put(&environment, edited).await;
        assert!(environment.audit_log().verify(tenant).await.is_err(), "{name}");
    }
    put(&environment, original).await;
    assert_eq!(environment.audit_log().verify(tenant).await.unwrap(), 5);
}

#[tokio::test]
async fn swaps_gaps_and_cuts_show() {
    let (environment, tenant) = five().await;
    let log = environment.audit_log();
    let (second, third) = (item(&environment, &place(2)).await, item(&environment, &place(3)).await);
    let (last, head) = (item(&environment, &place(5)).await, item(&environment, "head").await);
    let moved = |item: &Item, to: &Item| {
        let mut item = item.clone();
        item.insert("sk".to_owned(), to["sk"].clone());
        item
    };
    put(&environment, moved(&second, &third)).await;
    put(&environment, moved(&third, &second)).await;
    assert!(log.verify(tenant).await.is_err(), "swapped");
    put(&environment, second).await;
    put(&environment, third.clone()).await;

    delete(&environment, &third).await;
    assert!(log.verify(tenant).await.is_err(), "a gap");
    put(&environment, third).await;

    delete(&environment, &last).await;
    assert!(log.verify(tenant).await.is_err(), "cut");
    put(&environment, last.clone()).await;

    delete(&environment, &head).await;
    assert!(log.verify(tenant).await.is_err(), "no head");
    put(&environment, head).await;

    put(&environment, moved(&last, &HashMap::from([("sk".to_owned(), AttributeValue::S(place(6)))]))).await;
    assert!(log.verify(tenant).await.is_err(), "one too many");
    delete(
        &environment,
        &HashMap::from([
            ("pk".to_owned(), last["pk"].clone()),
            ("sk".to_owned(), AttributeValue::S(place(6))),
        ]),
    )
    .await;
    assert_eq!(log.verify(tenant).await.unwrap(), 5);
}

#[tokio::test]
async fn long_logs_are_walked_to_their_end_while_they_grow() {
    let (environment, tenant) = (TestEnvironment::start(), tenant());
    let log = environment.audit_log();
    // 1.5 MB: more than a query returns at once.
    for _ in 0..30 {
        log.append(&AuditEntry { correlation_id: "x".repeat(50_000), ..entry(tenant) }).await.unwrap();
    }
    environment.wire().take_calls();
    assert_eq!(log.verify(tenant).await.unwrap(), 30);
    assert!(environment.wire().take_calls().iter().filter(|call| call.operation == "Query").count() > 1);

    let grow = async {
        for _ in 0..20 {
            log.append(&entry(tenant)).await.unwrap();
        }
    };
    let verify = async {
        for _ in 0..10 {
            assert!(log.verify(tenant).await.unwrap() >= 30);
        }
    };
    futures_util::future::join(grow, verify).await;
    assert_eq!(log.verify(tenant).await.unwrap(), 50);
}

/// An entry of the first format, as earlier versions stored it. Its hash was computed by another implementation.
#[tokio::test]
async fn a_log_of_the_first_format_goes_on() {
    const HASH: &str = "0082547ba66242ee010fbbf8bb5e195945b96cee1bf5f91a00d39615ec5d93be";
    let environment = TestEnvironment::start();
    let tenant: OrganizationId = "org_01jd2wzq4sf1a6p8d2y7b9t3ge".parse().unwrap();
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let bytes = |value: Vec<u8>| AttributeValue::B(Blob::new(value));
    let hash = domain::audit::from_hex(HASH).unwrap();
    let at = |sk: &str| [("pk", text(&format!("{tenant}#audit"))), ("sk", text(sk))];
    let head = [("sequence", AttributeValue::N("1".to_owned())), ("hash", bytes(hash.clone()))];
    let first = [
        ("sequence", AttributeValue::N("1".to_owned())),
        ("previous_hash", bytes(vec![0; 32])),
        ("hash", bytes(hash)),
        ("event_id", text("event_01jd2x1v7hf6x5p9r4m7n0a1vd")),
        ("tenant_id", text("org_01jd2wzq4sf1a6p8d2y7b9t3ge")),
        ("action", text("session_started")),
        ("actor", text("account_01jd2wzq4tf8x7k3m5v9c0r2nh")),
        ("resource_type", text("session")),
        ("resource_id", text("session_01jd2x1v7gf5w4n8q3k6m9z0tc")),
        ("occurred_at", text("2025-11-21T09:11:30.000Z")),
        ("correlation_id", text("7f9d1c52-3a0e-4d6f-9b61-2f5f0e8a4c33")),
    ];
    let item = |place: [(&str, AttributeValue); 2], rest: Vec<(&str, AttributeValue)>| -> Item {
        place.into_iter().chain(rest).map(|(name, value)| (name.to_owned(), value)).collect()
    };
    put(&environment, item(at("head"), head.to_vec())).await;
    put(&environment, item(at(&place(1)), first.to_vec())).await;
    let log = environment.audit_log();
    assert_eq!(log.verify(tenant).await.unwrap(), 1);
    log.append(&entry(tenant)).await.unwrap();
    log.append(&entry(tenant)).await.unwrap();
    assert_eq!(log.verify(tenant).await.unwrap(), 3);
    let mut edited = item(at(&place(1)), first.to_vec());
    edited.insert("action".to_owned(), text("session_revoked"));
    put(&environment, edited).await;
    assert!(log.verify(tenant).await.is_err());
}
