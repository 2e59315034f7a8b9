//! Notifications.

use crate::support::{START, at, id};
use domain::Aggregate;
use domain::id::LeadId;
use domain::lists::{ListEntry, Rank, Within};
use domain::notification::{
    Notification, NotificationEvent, NotificationKind, create_notification, mark_notification_read,
};
use testkit::{given, given_nothing};

fn created() -> NotificationEvent {
    create_notification(id(1), id(2), NotificationKind::LeadScored { lead_id: id::<_>(3), score: Some(78) })
}

fn read() -> NotificationEvent {
    let unread = given_nothing::<Notification>().when(|_| created()).then([created()]).unwrap();
    mark_notification_read(&unread).unwrap()
}

#[test]
fn a_notification_begins_unread_and_is_listed_for_its_recipient_alone() {
    let notification = given_nothing::<Notification>().when(|_| created()).then([created()]).unwrap();
    assert_eq!((notification.read_at, notification.created_at), (None, START));
    let (within, rank) = (Within::Owner(id(2)), Rank::Time(START));
    let list = Notification::OF_RECIPIENT_BY_TIME;
    assert_eq!(notification.lists(), [ListEntry { list, within, rank }]);
}

#[test]
fn it_is_read_once() {
    let notification = given::<Notification>([created()])
        .when(|notification| mark_notification_read(notification.unwrap()))
        .then([read()])
        .unwrap();
    assert_eq!(notification.read_at, Some(at(1)));
    given::<Notification>([created(), read()])
        .when(|notification| mark_notification_read(notification.unwrap()))
        .then_nothing();
}

#[test]
fn reading_keeps_the_first_moment_and_needs_a_notification() {
    let twice = given::<Notification>([created(), read()]).when(|_| read()).then([read()]).unwrap();
    assert_eq!(twice.read_at, Some(at(1)));
    assert_eq!(given_nothing::<Notification>().when(|_| read()).then([read()]), None);
}

#[test]
fn titles_are_for_people_and_name_nobody() {
    let lead_id: LeadId = id(3);
    for (kind, name, title) in [
        (NotificationKind::LeadScored { lead_id, score: Some(7) }, "lead_scored", "A lead was scored 7"),
        (
            NotificationKind::LeadScored { lead_id, score: None },
            "lead_scored",
            "A lead has too little data to be scored",
        ),
        (
            NotificationKind::SessionRevoked { session_id: id::<_>(4) },
            "session_revoked",
            "A sign-in was ended because its token was used twice",
        ),
    ] {
        assert_eq!((kind.name(), kind.title().as_str()), (name, title));
    }
}
