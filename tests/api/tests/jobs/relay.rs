//! The relay from the ledger's stream to the bus.

use super::*;

#[tokio::test]
async fn a_failure_is_told_by_its_place_and_what_follows_waits() {
    let world = eventful().await;
    let items = world.ledger().await;
    let bus = Arc::new(RecordingPublisher::default());
    for _ in 0..3 {
        bus.then(PublishOutcome::Published);
    }
    bus.then(PublishOutcome::Failed("ThrottlingException".into()));
    assert_eq!(world.relay(&bus, &items).await.failed, ["3"]);
    assert_eq!(bus.published().len(), 3);
    // After another delivery of the rest, all events are published in order.
    assert_eq!(world.relay(&bus, &items[3..]).await.failed, Vec::<String>::new());
    let sent: Vec<String> = bus.published().iter().map(|record| record.event_id.to_string()).collect();
    let stored: Vec<&str> = items.iter().map(|item| item["event_id"]["S"].as_str().unwrap()).collect();
    assert_eq!(sent, stored);
}

#[tokio::test]
async fn an_event_that_fails_five_times_is_parked_and_blocks_nobody() {
    let world = eventful().await;
    let items = &world.ledger().await[..3];
    let bus = Arc::new(RecordingPublisher::default());
    for attempt in 1..5 {
        bus.then(PublishOutcome::Failed("InternalException".into()));
        assert_eq!(world.relay(&bus, items).await.failed, ["0"], "attempt {attempt}");
        assert_eq!(bus.parked().len(), 0, "attempt {attempt}");
    }
    bus.then(PublishOutcome::Failed("InternalException".into()));
    // The fifth failure parks the event, and the events after it are delivered again.
    assert_eq!(world.relay(&bus, items).await.failed, ["1"]);
    let parked = bus.parked();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].0.as_str(), parked[0].2.as_str()), ("0", "InternalException"));
    assert_eq!(parked[0].1, json!({"pk": items[0]["pk"]["S"], "sk": 1}));
    assert_eq!(world.relay(&bus, &items[1..]).await.failed, Vec::<String>::new());
    assert_eq!(bus.published().len(), 2);
}

/// An outage says nothing about an event: however long it lasts, no event is parked.
#[tokio::test]
async fn a_bus_that_is_out_of_reach_parks_nothing() {
    let world = eventful().await;
    let items = &world.ledger().await[..3];
    let bus = Arc::new(RecordingPublisher::default());
    for attempt in 1..=12 {
        bus.then(PublishOutcome::Unavailable("dispatch failure".into()));
        assert_eq!(world.relay(&bus, items).await.failed, ["0"], "attempt {attempt}");
    }
    assert_eq!(bus.parked().len(), 0);
    assert_eq!(world.relay(&bus, items).await.failed, Vec::<String>::new());
    assert_eq!(bus.published().len(), 3);
}

#[tokio::test]
async fn what_can_never_be_carried_is_parked_at_once() {
    let world = eventful().await;
    let mut items = world.ledger().await[..6].to_vec();
    // A record that is not an event, one of an unknown kind, one with a malformed id, and one that the bus refuses.
    items[0] = json!({"pk": {"S": "x"}, "sk": {"N": "1"}});
    items[1]["aggregate_type"]["S"] = "spaceship".into();
    items[2]["event_id"]["S"] = "event_x".into();
    let bus = Arc::new(RecordingPublisher::default());
    bus.then(PublishOutcome::Rejected("EventSizeTooLarge".into()));
    assert_eq!(world.relay(&bus, &items).await.failed, Vec::<String>::new());
    let parked: Vec<(String, String)> =
        bus.parked().into_iter().map(|(number, _, why)| (number, why)).collect();
    let no_event = "the record is no event of the ledger".to_owned();
    assert_eq!(
        parked,
        [
            ("0".to_owned(), no_event.clone()),
            ("1".to_owned(), no_event.clone()),
            ("2".to_owned(), no_event),
            ("3".to_owned(), "EventSizeTooLarge".to_owned()),
        ]
    );
    assert_eq!(bus.published().len(), 2);
}

#[tokio::test]
async fn what_can_not_even_be_parked_is_delivered_again() {
    let world = eventful().await;
    let mut items = world.ledger().await[..3].to_vec();
    items[1] = json!({"pk": {"S": "x"}, "sk": {"N": "1"}});
    let bus = Arc::new(RecordingPublisher::default());
    bus.break_parking(true);
    assert_eq!(world.relay(&bus, &items).await.failed, ["1"]);
    assert_eq!(bus.parked().len(), 0);
    bus.break_parking(false);
    assert_eq!(world.relay(&bus, &items[1..]).await.failed, Vec::<String>::new());
    assert_eq!(bus.parked().len(), 1);
}
