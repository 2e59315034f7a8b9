//! Refused accesses.

use crate::support::{START, id};
use domain::audit::{DeniedAccess, deny_access};
use domain::id::AccountId;
use domain::{Aggregate, AggregateType};
use testkit::{given, given_nothing};

#[test]
fn a_refusal_says_who_asked_for_what() {
    let account: AccountId = id(1);
    let denied = || deny_access(account, "lead:read", AggregateType::Lead, "lead_1");
    let access = given_nothing::<DeniedAccess>().when(|_| denied()).then([denied()]).unwrap();
    assert_eq!(access.refusal.account_id, account);
    assert_eq!(
        (
            access.refusal.permission.as_str(),
            access.refusal.resource_type.as_str(),
            access.refusal.resource_id.as_str()
        ),
        ("lead:read", "lead", "lead_1")
    );
    assert_eq!(access.denied_at, START);
    // The ledger keeps it for good, the state for a day.
    assert_eq!(access.expires_at(), Some(START.plus_seconds(24 * 3600)));
    assert_eq!(access.lists(), []);
}

#[test]
fn what_was_refused_stays_as_it_was() {
    let (one, other) = (
        deny_access(id(1), "lead:read", AggregateType::Lead, "lead_1"),
        deny_access(id(2), "lead:write", AggregateType::Lead, "lead_2"),
    );
    let access = given::<DeniedAccess>([one.clone()]).when(|_| other.clone()).then([other.clone()]).unwrap();
    assert_eq!(access.refusal.resource_id, "lead_1");
}
