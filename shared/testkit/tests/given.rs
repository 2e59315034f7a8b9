//! Given, when, then on a real aggregate, including assertions that must fail.

use domain::Timestamp;
use domain::id::{AccountId, LeadId, new_id};
use domain::sales::{Lead, LeadEvent, LeadInput, create_lead, delete_lead, update_lead};
use testkit::{given, given_nothing};

fn ids() -> (LeadId, AccountId) {
    (new_id(Timestamp::from_millis(1), &[1; 10]), new_id(Timestamp::from_millis(1), &[2; 10]))
}

fn input(name: &str) -> LeadInput<'_> {
    LeadInput { company_name: name, ..LeadInput::default() }
}

fn created() -> LeadEvent {
    let (id, owner) = ids();
    create_lead(id, owner, &input("Acme")).unwrap()
}

#[test]
fn decisions_of_every_shape() {
    let (id, owner) = ids();
    let lead =
        given_nothing::<Lead>().when(|_| create_lead(id, owner, &input("Acme"))).then([created()]).unwrap();
    let refused = given_nothing::<Lead>().when(|_| create_lead(id, owner, &input(""))).then_refused();
    assert_eq!(refused.0[0].field, "company_name");
    given::<Lead>([created()]).when(|lead| update_lead(lead.unwrap(), &input("Acme"))).then_nothing();
    let deleted = delete_lead(&lead).unwrap();
    let after =
        given::<Lead>([created()]).when(|lead| delete_lead(lead.unwrap())).then([deleted.clone()]).unwrap();
    assert_eq!(after.deleted_at.unwrap(), after.created_at.plus_seconds(1));
    given::<Lead>([created(), deleted]).when(|lead| delete_lead(lead.unwrap())).then_nothing();
}

#[test]
#[should_panic(expected = "assertion")]
fn another_event_than_expected_fails() {
    given::<Lead>([created()]).when(|lead| delete_lead(lead.unwrap())).then([created()]);
}

#[test]
#[should_panic(expected = "the decision was not refused")]
fn a_decision_that_was_not_refused_fails() {
    let (id, owner) = ids();
    given_nothing::<Lead>().when(|_| create_lead(id, owner, &input("Acme"))).then_refused();
}
