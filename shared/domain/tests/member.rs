//! Members and the admins of their organization.

use crate::support::{START, id};
use domain::id::AccountId;
use domain::tenancy::{
    AddMember, LastAdmin, Member, MemberEvent, MemberInput, MemberPerson, MemberStatus, Organization,
    OrganizationEvent, RegisterOrganization, Role, add_member, change_admin, register_organization,
    remove_member, update_member,
};
use domain::{Aggregate, DomainEvent, EventMeta};

fn added(role: Role) -> MemberEvent {
    let person = MemberPerson { email: "ada@northwind.example".to_owned(), name: "Ada".to_owned() };
    add_member(AddMember { account_id: id(1), role, account_organization_id: None, person })
}

fn names<E: DomainEvent>(events: &[E]) -> Vec<String> {
    events.iter().map(|event| event.encode().event_type).collect()
}

fn folded<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> A {
    let events = events.into_iter().map(|event| (event, EventMeta { at: START }));
    domain::aggregate::fold(events).unwrap().state
}

fn member(events: impl IntoIterator<Item = MemberEvent>) -> Member {
    folded(events)
}

#[test]
fn role_and_status_are_changed_by_one_event_each() {
    let rep = member([added(Role::SalesRep)]);
    let events = update_member(&rep, MemberInput { role: "admin", status: "suspended" }).unwrap();
    assert_eq!(names(&events), ["member_role_changed", "member_suspended"]);
    let changed = member([vec![added(Role::SalesRep)], events].concat());
    assert_eq!((changed.role, changed.status), (Role::Admin, MemberStatus::Suspended));
    assert!(!changed.is_active_admin());
    let same = update_member(&changed, MemberInput { role: "admin", status: "suspended" }).unwrap();
    assert!(same.is_empty());
}

#[test]
fn nobody_is_removed_by_a_status() {
    let refused =
        update_member(&member([added(Role::Admin)]), MemberInput { role: "root", status: "removed" });
    let fields: Vec<String> = refused.unwrap_err().0.into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["role", "status"]);
}

#[test]
fn a_removed_member_is_forgotten_and_may_be_added_again() {
    let removal = remove_member(&member([added(Role::Admin)])).unwrap();
    let removed = member([added(Role::Admin), removal.clone()]);
    assert_eq!((removed.status, &removed.person), (MemberStatus::Removed, &None));
    assert_eq!(remove_member(&removed), None);
    let again = member([added(Role::Admin), removal, added(Role::SalesRep)]);
    assert_eq!((again.status, again.role), (MemberStatus::Active, Role::SalesRep));
}

fn admins() -> Vec<AccountId> {
    vec![id(2), id(3)]
}

fn organization(changes: &[OrganizationEvent], is_old: bool) -> Organization {
    let command = RegisterOrganization { id: id(1), name: "N", home_region: "r", registered_by: id(2) };
    let mut encoded = register_organization(&command).unwrap().encode();
    if is_old {
        encoded = encoded.with_version(1);
        encoded.data.as_object_mut().unwrap().remove("registered_by");
    }
    folded([vec![OrganizationEvent::decode(&encoded).unwrap()], changes.to_vec()].concat())
}

#[test]
fn the_last_admin_stays() {
    let alone = organization(&[], false);
    assert_eq!(change_admin(&alone, id(2), id(2), false), Err(LastAdmin));
    let events = change_admin(&alone, id(2), id(3), true).unwrap();
    assert_eq!(names(&events), ["organization_admin_added"]);
    let two = organization(&events, false);
    assert_eq!(two.admin_ids, admins());
    assert_eq!(names(&change_admin(&two, id(3), id(2), false).unwrap()), ["organization_admin_removed"]);
}

#[test]
fn the_acting_admin_of_an_old_organization_is_its_only_one() {
    let old = organization(&[], true);
    assert_eq!((old.registered_by, old.admin_ids.len()), (None, 0));
    assert_eq!(change_admin(&old, id(2), id(2), false), Err(LastAdmin));
    let events = change_admin(&old, id(2), id(3), true).unwrap();
    assert_eq!(organization(&events, true).admin_ids, admins());
}
