//! Commands as transactions: what they cost, what they refuse, and that nothing is ever lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use domain::AggregateType;
use domain::id::{AccountId, LeadId, new_id};
use domain::identity::{Account, RegisterAccount, register_account};
use domain::sales::{Lead, LeadInput};
use futures_util::future::join_all;
use ports::{CommitError, Store, StoreError, Transaction, Unique, UniqueKind};
use support::{World, alone, at, change, company, random_bytes, typed};
use testkit::Call;

fn names(calls: &[Call]) -> Vec<&str> {
    calls.iter().map(|call| call.operation.as_str()).collect()
}

#[tokio::test]
async fn creating_is_one_write_and_changing_one_read_more() {
    let world = World::start().await;
    let input = LeadInput { contact_email: Some("ann@acme.example"), ..company("Acme") };
    let (id, lead) = world.create(at(0), &input).await;
    let calls = world.environment.wire().take_calls();
    assert_eq!(names(&calls), ["TransactWriteItems"]);
    // Event 2, subject key 2, and the state with its four indexes 2 + 4.
    assert_eq!(calls[0].capacity, 10.0);

    assert_eq!(world.load(&id).await, lead);
    let calls = world.environment.wire().take_calls();
    assert_eq!(names(&calls), ["GetItem"]);
    assert_eq!(calls[0].capacity, 1.0);

    let changed = world.update(&id, at(1), &company("Acme 2")).await.unwrap();
    let calls = world.environment.wire().take_calls();
    assert_eq!(names(&calls), ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(changed.version, 2);
    assert_eq!(world.load(&id).await, changed);
    assert_eq!(world.folded(&id).await.unwrap(), changed);
}

#[tokio::test]
async fn a_cold_process_reads_the_tenants_key_with_the_state() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &LeadInput { notes: Some("likes tea"), ..company("Acme") }).await;
    let keys = world.environment.tenant_keys();
    keys.forget();
    let before = keys.calls();
    world.environment.wire().take_calls();
    world.update(&id, at(1), &LeadInput { notes: Some("likes coffee"), ..company("Acme") }).await.unwrap();
    assert_eq!(names(&world.environment.wire().take_calls()), ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(keys.calls(), before + 1);

    keys.forget();
    world.create(at(2), &LeadInput { notes: Some("new"), ..company("Beta") }).await;
    assert_eq!(names(&world.environment.wire().take_calls()), ["GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn what_exists_can_not_be_created_again() {
    let world = World::start().await;
    let (id, creation, lead) = world.creation(at(0), &company("Acme"));
    world.store.commit(&alone(creation.clone())).await.unwrap();
    let error = world.store.commit(&alone(creation)).await.unwrap_err();
    assert!(matches!(error, CommitError::Conflict), "{error:?}");
    assert_eq!(world.load(&id).await, lead);
    assert_eq!(world.folded(&id).await.unwrap(), lead);
}

#[tokio::test]
async fn the_slower_of_two_writers_is_refused() {
    let world = World::start().await;
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    let first = world.update(&id, at(1), &company("First")).await.unwrap();
    let event = domain::sales::update_lead(&lead.state, &company("Second")).unwrap().unwrap();
    let keys =
        world.store.load_to_change(&world.lead_key(&id), &[Lead::subject(&id)]).await.unwrap().unwrap();
    let (slower, _) = change(world.lead_key(&id), Some(lead), &[event], at(2), keys.subject_keys);
    let error = world.store.commit(&alone(slower)).await.unwrap_err();
    assert!(matches!(error, CommitError::Conflict), "{error:?}");
    assert_eq!(world.load(&id).await, first);
}

#[tokio::test]
async fn the_state_is_guarded_by_itself_too() {
    let world = World::start().await;
    let (_, mut again, lead) = world.creation(at(0), &company("Acme"));
    world.store.commit(&alone(again.clone())).await.unwrap();
    // Without events nothing in the ledger can object.
    again.events.clear();
    again.new_subjects.clear();
    for version in [0, 2] {
        again.expected_version = version;
        let error = world.store.commit(&alone(again.clone())).await.unwrap_err();
        assert!(matches!(error, CommitError::Conflict), "{version}: {error:?}");
    }
    assert_eq!(world.load(&lead.state.id).await, lead);
}

#[tokio::test]
async fn fifty_writers_at_once_lose_no_update() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &company("Acme")).await;
    join_all((0..50).map(|writer: u32| {
        let (world, id) = (&world, &id);
        async move {
            loop {
                let result = world
                    .change(id, at(i64::from(writer)), |lead| {
                        // Each adds itself to what it found; a lost update would lose a number.
                        let notes = lead.contact.as_ref().and_then(|contact| contact.notes.clone());
                        let notes = format!("{} {writer}", notes.unwrap_or_default());
                        let input = LeadInput { notes: Some(&notes), ..company("Acme") };
                        domain::sales::update_lead(lead, &input).unwrap().unwrap()
                    })
                    .await;
                match result {
                    Ok(_) => return,
                    Err(CommitError::Conflict) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    }))
    .await;
    let lead = world.load(&id).await;
    assert_eq!(lead.version, 51);
    let notes = lead.state.contact.clone().unwrap().notes.unwrap();
    let mut numbers: Vec<u32> = notes.split_whitespace().map(|number| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    let history = world.store.history(&world.lead_key(&id), u64::MAX).await.unwrap();
    assert_eq!(history.iter().map(|record| record.version).collect::<Vec<_>>(), (1..=51).collect::<Vec<_>>());
    assert_eq!(world.folded(&id).await.unwrap(), lead);
    assert_eq!(world.store.history(&world.lead_key(&id), 7).await.unwrap().len(), 7);
}

#[tokio::test]
async fn of_twenty_registrations_of_one_address_one_succeeds() {
    let world = World::start().await;
    let results = join_all((0..20).map(|_| {
        let world = &world;
        async move {
            let id: AccountId = new_id(at(0), &random_bytes());
            let event = register_account(RegisterAccount {
                id,
                organization_id: world.tenant,
                email: "ann@acme.example",
                name: "Ann",
                password_hash: "$argon2id$".to_owned(),
            })
            .unwrap();
            let key = ports::AggregateKey::new(world.tenant, AggregateType::Account, &id);
            let (mut account, _) = change::<Account>(key.clone(), None, &[event], at(0), Default::default());
            account.new_subjects = vec![Account::subject(&id)];
            let value = "ann@acme.example".to_owned();
            let unique = vec![Unique { kind: UniqueKind::Email, value, holder: key.clone() }];
            let transaction = Transaction { changes: vec![account], unique, ..Transaction::default() };
            (key, world.store.commit(&transaction).await)
        }
    }))
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, result)| result.is_ok());
    assert_eq!(made.len(), 1);
    for (key, error) in refused {
        assert!(matches!(error, Err(CommitError::NotUnique(UniqueKind::Email))), "{error:?}");
        assert_eq!(world.store.load(&key).await.unwrap(), None);
    }
    let holder = world.store.find_unique(UniqueKind::Email, "ann@acme.example").await.unwrap();
    assert_eq!(holder.as_ref(), Some(&made[0].0));
    assert_eq!(world.store.find_unique(UniqueKind::Email, "bob@acme.example").await.unwrap(), None);
}

#[tokio::test]
async fn several_states_come_in_one_read_in_the_order_asked_for() {
    let world = World::start().await;
    let (first, one) = world.create(at(0), &company("One")).await;
    let (second, two) = world.create(at(1), &company("Two")).await;
    let missing: LeadId = new_id(at(2), &random_bytes());
    world.environment.wire().take_calls();
    let keys: Vec<_> = [&second, &missing, &first, &second].map(|id| world.lead_key(id)).to_vec();
    let states = world.store.load_many(&keys).await.unwrap();
    assert_eq!(names(&world.environment.wire().take_calls()), ["BatchGetItem"]);
    let states: Vec<_> = states.into_iter().map(|state| state.map(typed::<Lead>)).collect();
    assert_eq!(states, [Some(two.clone()), None, Some(one), Some(two)]);
    assert!(world.store.load_many(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_tenants_key_finds_nothing() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &company("Acme")).await;
    let other = support::new_tenant(&world.environment, &world.store).await;
    let key = ports::AggregateKey::new(other, AggregateType::Lead, &id);
    assert_eq!(world.store.load(&key).await.unwrap(), None);
    assert_eq!(world.store.load_to_change(&key, &[Lead::subject(&id)]).await.unwrap(), None);
    assert!(world.store.history(&key, u64::MAX).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_store_can_not_take_is_refused_before_it_is_sent() {
    let world = World::start().await;
    let (_, mut huge, _) = world.creation(at(0), &company("Acme"));
    huge.state.state["more"] = serde_json::Value::from("x".repeat(400 * 1024));
    let error = world.store.commit(&alone(huge)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::TooLarge)), "{error:?}");

    let changes = (0..40).map(|_| world.creation(at(0), &company("Acme")).1).collect();
    let error = world.store.commit(&Transaction { changes, ..Transaction::default() }).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::TooLarge)), "{error:?}");

    let (_, mut gap, _) = world.creation(at(0), &company("Acme"));
    gap.events[0].version = 2;
    let error = world.store.commit(&alone(gap)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Malformed(_))), "{error:?}");

    let (_, mut expiring, _) = world.creation(at(0), &company("Acme"));
    expiring.state.expires_at = Some(at(60));
    let error = world.store.commit(&alone(expiring)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Malformed(_))), "{error:?}");
    assert!(world.environment.wire().take_calls().is_empty());
}

#[tokio::test]
async fn the_probe_is_one_read_and_notices_a_missing_table() {
    let world = World::start().await;
    world.environment.health_probe().reachable().await.unwrap();
    assert_eq!(names(&world.environment.wire().take_calls()), ["GetItem"]);
    let probe = adapter_dynamodb::HealthProbe::new(world.environment.sdk_config(), "Elsewhere".to_owned());
    probe.reachable().await.unwrap_err();
}
