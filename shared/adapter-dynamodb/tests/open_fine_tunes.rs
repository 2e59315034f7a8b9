//! Open fine-tunes: all of them, whosever they are, and past what is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use aws_sdk_dynamodb::types::AttributeValue;
use domain::AggregateType;
use domain::Timestamp;
use domain::id::{FineTuneId, OrganizationId, new_id};
use ports::{AggregateKey, OpenFineTunes, OpenKeys};
use std::collections::HashMap;
use testkit::TestEnvironment;

/// Puts an entry into the partition, as it is.
async fn put(environment: &TestEnvironment, pk: &str, place: usize) {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let open = format!("open#{}", AggregateType::FineTune.as_str());
    let item = HashMap::from([
        ("pk".to_owned(), text(pk)),
        ("sk".to_owned(), text("state")),
        ("gsi2pk".to_owned(), text(&open)),
        ("gsi2sk".to_owned(), text(&format!("{place:04}"))),
    ]);
    let put = environment.client().put_item().table_name(environment.tables().state).set_item(Some(item));
    put.send().await.unwrap();
}

fn key(number: u8) -> AggregateKey {
    let at = Timestamp::from_millis(1_793_610_000_000);
    let (tenant, id): (OrganizationId, FineTuneId) = (new_id(at, &[number; 10]), new_id(at, &[number; 10]));
    AggregateKey::new(tenant, AggregateType::FineTune, &id)
}

#[tokio::test]
async fn what_names_no_fine_tune_is_counted_and_hides_no_other() {
    let environment = TestEnvironment::start();
    let name =
        |key: &AggregateKey| format!("{}#{}#{}", key.tenant(), AggregateType::FineTune.as_str(), key.id());
    let (first, last) = (key(1), key(2));
    let more = format!("{}#more", name(&first));
    let other = format!("{}#lead#{}", first.tenant(), first.id());
    let entries = [&name(&first), "nobody", &other, &more, &name(&last)];
    for (place, pk) in entries.into_iter().enumerate() {
        put(&environment, pk, place).await;
    }
    let found = environment.store().open(10).await.unwrap();
    assert_eq!(found, OpenKeys { keys: vec![first.clone(), last], malformed: 3 });
    assert_eq!(environment.store().open(1).await.unwrap().keys, [first]);
}
