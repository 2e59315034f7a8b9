//! Personal data in the ledger: unreadable without the subject's key, gone with it, and bound to its place.

use crate::support;
use crate::support::{World, alone, at, change, company, random_bytes, typed};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{LeadId, SubjectId, derived, new_id};
use domain::sales::{Lead, LeadInput, erase_lead_contact};
use domain::{AggregateType, EncodedEvent};
use ports::{AggregateKey, Change, ChangedState, CommitError, EventRecord, KeyError, Store, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SECRETS: [&str; 4] = ["Ann Lee", "ann@acme.example", "+49 30 1234", "likes tea"];

fn personal() -> LeadInput<'static> {
    LeadInput {
        contact_name: Some(SECRETS[0]),
        contact_email: Some(SECRETS[1]),
        contact_phone: Some(SECRETS[2]),
        notes: Some(SECRETS[3]),
        ..company("Acme")
    }
}

/// Whether a text shows a secret, as it is or in a blob, which is shown in hexadecimal digits.
fn shows(text: &str, secret: &str) -> bool {
    let digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    text.contains(secret) || text.contains(&digits)
}

async fn erase(world: &World, id: &LeadId) {
    let key = world.lead_key(id);
    let loaded = world.store.load_to_change(&key, &[Lead::subject(id)]).await.unwrap().unwrap();
    let lead = typed::<Lead>(loaded.state);
    let event = erase_lead_contact(&lead.state).unwrap();
    let (mut change, _) = change(key, Some(lead), &[event], at(9), loaded.subject_keys);
    change.erased_subjects = vec![Lead::subject(id)];
    world.store.commit(&alone(change)).await.unwrap();
}

#[tokio::test]
async fn the_ledger_shows_nothing_personal_and_after_erasure_nothing_does() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &personal()).await;
    let second = LeadInput { contact_name: Some("Bob Ray"), ..personal() };
    let lead = world.update(&id, at(1), &second).await.unwrap();
    assert_eq!(world.folded(&id).await.unwrap(), lead);

    let ledger = format!("{:?}", world.environment.items(&world.environment.tables().ledger).await);
    assert!(shows(&ledger, "Acme"), "the company is a fact");
    let everything = world.everything().await;
    for secret in SECRETS.into_iter().chain(["Bob Ray"]) {
        assert!(!shows(&ledger, secret), "{secret}");
    }
    // The state has it: a lead can be read.
    assert!(shows(&everything, "Bob Ray"));

    erase(&world, &id).await;
    let everything = world.everything().await;
    for secret in SECRETS.into_iter().chain(["Bob Ray"]) {
        assert!(!shows(&everything, secret), "{secret}");
    }
    let erased = world.load(&id).await;
    assert_eq!((erased.version, erased.state.contact.as_ref()), (3, None));
    assert_eq!(world.folded(&id).await.unwrap(), erased);
    let history = world.store.history(&world.lead_key(&id), u64::MAX).await.unwrap();
    assert!(history.iter().all(|record| record.event.personal.is_empty()));

    // Whoever kept an old copy of the wrapped key's partition finds no key there either.
    let loaded =
        world.store.load_to_change(&world.lead_key(&id), &[Lead::subject(&id)]).await.unwrap().unwrap();
    assert!(loaded.subject_keys.is_empty());
}

#[tokio::test]
async fn an_erased_subject_can_not_be_written_about_again() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &personal()).await;
    let before = world.load(&id).await;
    erase(&world, &id).await;
    let event = domain::sales::update_lead(&before.state, &company("Other")).unwrap().unwrap();
    let after = world.load(&id).await;
    let (late, _) = change(world.lead_key(&id), Some(after), &[event], at(10), BTreeMap::new());
    let error = world.store.commit(&alone(late)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Key(KeyError::Invalid(_)))), "{error:?}");
}

/// An event about two people.
fn about_two(world: &World, id: &LeadId, first: SubjectId, second: SubjectId) -> Change {
    let key = world.lead_key(id);
    let personal: BTreeMap<SubjectId, Value> =
        BTreeMap::from([(first, json!({"name": "Ann Lee"})), (second, json!(["Bob Ray"]))]);
    let event = EncodedEvent {
        event_type: "talked".to_owned(),
        schema_version: 3,
        data: json!({"minutes": 5}),
        personal,
    };
    let record = EventRecord {
        event_id: new_id(at(0), &random_bytes()),
        key: key.clone(),
        version: 1,
        event,
        actor: "anonymous".to_owned(),
        correlation_id: "correlation".to_owned(),
        causation_id: Some(new_id(at(0), &random_bytes())),
        occurred_at: at(0),
    };
    let state = ChangedState {
        state: json!({}),
        schema_version: 1,
        lists: Vec::new(),
        filters: Vec::new(),
        expires_at: None,
    };
    let new_subjects = vec![first, second];
    Change {
        key,
        expected_version: 0,
        events: vec![record],
        state,
        new_subjects,
        subject_keys: BTreeMap::new(),
        erased_subjects: Vec::new(),
    }
}

#[tokio::test]
async fn two_subjects_of_one_event_are_erased_independently() {
    let world = World::start().await;
    let id: LeadId = new_id(at(0), &random_bytes());
    let (first, second): (SubjectId, SubjectId) =
        (new_id(at(0), &random_bytes()), new_id(at(0), &random_bytes()));
    let creation = about_two(&world, &id, first, second);
    world.store.commit(&alone(creation.clone())).await.unwrap();
    let key = world.lead_key(&id);
    assert_eq!(world.store.history(&key, 1).await.unwrap(), creation.events);

    for (round, (subject, left)) in [(first, vec![second]), (second, vec![])].into_iter().enumerate() {
        let change = Change {
            expected_version: 1 + round as u64,
            events: vec![EventRecord {
                version: 2 + round as u64,
                event: EncodedEvent::facts("erased", &json!({})),
                ..creation.events[0].clone()
            }],
            new_subjects: Vec::new(),
            erased_subjects: vec![subject],
            ..creation.clone()
        };
        world.store.commit(&alone(change)).await.unwrap();
        let history = world.store.history(&key, 1).await.unwrap();
        assert_eq!(history[0].event.personal.keys().copied().collect::<Vec<_>>(), left);
    }
}

#[tokio::test]
async fn keys_and_texts_moved_to_another_tenant_can_not_be_opened() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &personal()).await;
    let thief = support::new_tenant(&world.environment, &world.store).await;
    let (from, to) = (world.tenant.to_string(), thief.to_string());
    let tables = world.environment.tables();
    for table in [&tables.ledger, &tables.state] {
        for mut item in world.environment.items(table).await {
            let pk = item["pk"].as_s().unwrap().clone();
            if pk.starts_with(&from) && !pk.ends_with("organization_key") {
                item.insert("pk".to_owned(), AttributeValue::S(pk.replace(&from, &to)));
                let put = world.environment.client().put_item().table_name(table).set_item(Some(item));
                put.send().await.unwrap();
            }
        }
    }
    let stolen = AggregateKey::new(thief, AggregateType::Lead, &id);
    let error = world.store.history(&stolen, u64::MAX).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Invalid(_))), "{error:?}");

    // Nor does the wrapped key of the tenant itself help.
    let mut item = world
        .environment
        .items(&tables.state)
        .await
        .into_iter()
        .find(|item| item["pk"].as_s().unwrap() == &format!("{from}#organization_key"))
        .unwrap();
    item.insert("pk".to_owned(), AttributeValue::S(format!("{to}#organization_key")));
    let put = world.environment.client().put_item().table_name(&tables.state).set_item(Some(item));
    put.send().await.unwrap();
    world.environment.tenant_keys().forget();
    let error = world.store.history(&stolen, u64::MAX).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Invalid(_))), "{error:?}");
    world.store.history(&world.lead_key(&id), u64::MAX).await.unwrap();
}

#[tokio::test]
async fn a_text_moved_to_another_event_can_not_be_opened() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &personal()).await;
    world.update(&id, at(1), &LeadInput { notes: Some("likes coffee"), ..personal() }).await.unwrap();
    let ledger = world.environment.tables().ledger;
    let items = world.environment.items(&ledger).await;
    let mut events: Vec<_> =
        items.into_iter().filter(|item| item["pk"].as_s().unwrap().contains("#lead#")).collect();
    events.sort_by_key(|item| item["sk"].as_n().unwrap().parse::<u64>().unwrap());
    // The same words would be sealed differently too: each text has a nonce of its own.
    assert_ne!(events[0]["personal"], events[1]["personal"]);
    let moved = events[0]["personal"].clone();
    events[1].insert("personal".to_owned(), moved);
    let put = world.environment.client().put_item().table_name(&ledger).set_item(Some(events[1].clone()));
    put.send().await.unwrap();
    world.store.history(&world.lead_key(&id), 1).await.unwrap();
    let error = world.store.history(&world.lead_key(&id), 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed(_)), "{error:?}");
}

#[tokio::test]
async fn a_store_without_keys_neither_seals_nor_unseals() {
    let world = World::start().await;
    let (id, lead) = world.create(at(0), &personal()).await;
    let without = world.environment.store_without_keys();
    let (_, creation, _) = world.creation(at(0), &personal());
    let error = without.commit(&alone(creation)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Key(_))), "{error:?}");
    let error = without.history(&world.lead_key(&id), 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(_)), "{error:?}");
    assert_eq!(typed::<Lead>(without.load(&world.lead_key(&id)).await.unwrap().unwrap()), lead);
}

#[tokio::test]
async fn a_tenant_without_a_key_can_not_seal() {
    let mut world = World::start().await;
    world.tenant = derived(&new_id::<domain::id::LeadTag>(at(0), &random_bytes()));
    let (_, creation, _) = world.creation(at(0), &personal());
    let error = world.store.commit(&alone(creation)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Key(KeyError::Invalid(_)))), "{error:?}");
}
