//! Who may do what: every permission, for every role.

use crate::support::id;
use domain::authority::{
    Authority, Caller, Permission, Reach, ReadLeads, ReadOrganization, ScoreLeads, UseAccount,
    UseNotifications, WriteLeads,
};
use domain::id::AccountId;
use domain::tenancy::Role;

fn caller(role: Role) -> Caller {
    Caller { tenant: id(1), account: id(2), role, session: id(3) }
}

fn matrix<P: Permission>() -> [Option<Reach>; 3] {
    Role::ALL.map(P::reach)
}

#[test]
fn the_matrix_is_the_requirements() {
    let (own, tenant) = (Some(Reach::Own), Some(Reach::Tenant));
    // Sales representative, manager, administrator.
    assert_eq!(Role::ALL, [Role::SalesRep, Role::Manager, Role::Admin]);
    assert_eq!((ReadLeads::NAME, matrix::<ReadLeads>()), ("lead:read", [own, tenant, tenant]));
    assert_eq!((WriteLeads::NAME, matrix::<WriteLeads>()), ("lead:write", [own, tenant, tenant]));
    assert_eq!((ScoreLeads::NAME, matrix::<ScoreLeads>()), ("lead:score", [own, tenant, tenant]));
    assert_eq!((UseNotifications::NAME, matrix::<UseNotifications>()), ("notification:use", [own, own, own]));
    assert_eq!((UseAccount::NAME, matrix::<UseAccount>()), ("account:use", [own, own, own]));
    assert_eq!(
        (ReadOrganization::NAME, matrix::<ReadOrganization>()),
        ("organization:read", [tenant, tenant, tenant])
    );
}

fn check<P: Permission>(role: Role) {
    let caller = caller(role);
    let authority: Authority<P> = caller.authorize().unwrap();
    let other: AccountId = id(9);
    assert_eq!(
        (authority.tenant(), authority.account(), authority.session()),
        (caller.tenant, caller.account, caller.session)
    );
    assert_eq!(authority.permission(), P::NAME);
    assert!(authority.covers(caller.account));
    let far = P::reach(role) == Some(Reach::Tenant);
    assert_eq!(authority.covers(other), far, "{} {role:?}", P::NAME);
    assert_eq!(authority.only_owner(), (!far).then_some(caller.account), "{} {role:?}", P::NAME);
}

#[test]
fn an_authority_covers_as_far_as_its_permission_reaches() {
    for role in Role::ALL {
        check::<ReadLeads>(role);
        check::<WriteLeads>(role);
        check::<ScoreLeads>(role);
        check::<UseNotifications>(role);
        check::<UseAccount>(role);
        check::<ReadOrganization>(role);
    }
}

/// A permission that only managers have.
#[derive(Debug)]
struct Managers;
impl Permission for Managers {
    const NAME: &'static str = "test:managers";
    fn reach(role: Role) -> Option<Reach> {
        (role == Role::Manager).then_some(Reach::Tenant)
    }
}

#[test]
fn a_role_without_the_permission_gets_no_authority() {
    assert!(caller(Role::Manager).authorize::<Managers>().is_ok());
    for role in [Role::SalesRep, Role::Admin] {
        let denied = caller(role).authorize::<Managers>().unwrap_err();
        assert_eq!(denied.permission, "test:managers");
        assert_eq!(denied.to_string(), "the role lacks the permission test:managers");
    }
}
