//! Every permission, for every role.

use crate::support::{START, id};
use domain::authority::{
    Authority, Caller, CreateCompletions, CreateEmbeddings, Credential, ManageApiKeys, ManageMembers,
    Permission, PermissionReach, ReadFlags, ReadLeads, ReadMembers, ReadModels, ReadOrganization,
    RemoveMembers, Scope, ScoreLeads, ScoreManyLeads, UseAccount, UseNotifications, WriteLeads,
};
use domain::id::{AccountId, ApiKeyId, SessionId};
use domain::tenancy::Role;
use std::fmt::Debug;

fn caller(role: Role) -> Caller {
    let credential =
        Credential::Session { id: id(3), role, account_organization: id(1), authenticated_at: START };
    Caller { tenant: id(1), account: id(2), credential }
}

fn key(scopes: &[Scope]) -> Caller {
    let credential = Credential::ApiKey { id: id(4), scopes: scopes.to_vec() };
    Caller { tenant: id(1), account: id(2), credential }
}

fn matrix<P: Permission>() -> [Option<PermissionReach>; 3] {
    Role::ALL.map(P::reach)
}

#[test]
fn the_matrix_is_the_requirements() {
    let (own, tenant) = (Some(PermissionReach::Own), Some(PermissionReach::Tenant));
    // Sales representative, manager, administrator.
    assert_eq!(Role::ALL, [Role::SalesRep, Role::Manager, Role::Admin]);
    assert_eq!((ReadLeads::NAME, matrix::<ReadLeads>()), ("lead:read", [own, tenant, tenant]));
    assert_eq!((WriteLeads::NAME, matrix::<WriteLeads>()), ("lead:write", [own, tenant, tenant]));
    assert_eq!((ScoreLeads::NAME, matrix::<ScoreLeads>()), ("lead:score", [own, tenant, tenant]));
    let many = (ScoreManyLeads::NAME, matrix::<ScoreManyLeads>());
    assert_eq!(many, ("lead:score_many", [None, tenant, tenant]));
    assert_eq!((UseNotifications::NAME, matrix::<UseNotifications>()), ("notification:use", [own, own, own]));
    assert_eq!((UseAccount::NAME, matrix::<UseAccount>()), ("account:use", [own, own, own]));
    assert_eq!(
        (ReadOrganization::NAME, matrix::<ReadOrganization>()),
        ("organization:read", [tenant, tenant, tenant])
    );
    assert_eq!((ManageApiKeys::NAME, matrix::<ManageApiKeys>()), ("api_key:manage", [None, None, tenant]));
    assert_eq!((ManageMembers::NAME, matrix::<ManageMembers>()), ("member:manage", [None, None, tenant]));
    assert_eq!((ReadMembers::NAME, matrix::<ReadMembers>()), ("member:read", [None, tenant, tenant]));
    assert_eq!((RemoveMembers::NAME, matrix::<RemoveMembers>()), ("member:remove", [own, own, tenant]));
    let all = [tenant, tenant, tenant];
    assert_eq!((CreateCompletions::NAME, matrix::<CreateCompletions>()), ("completion:create", all));
    assert_eq!((CreateEmbeddings::NAME, matrix::<CreateEmbeddings>()), ("embedding:create", all));
    assert_eq!((ReadModels::NAME, matrix::<ReadModels>()), ("model:read", all));
    assert_eq!((ReadFlags::NAME, matrix::<ReadFlags>()), ("flag:read", all));
}

fn check<P: Permission>(role: Role) {
    let caller = caller(role);
    let authority: Authority<P> = caller.authorize().unwrap();
    let other: AccountId = id(9);
    let session: SessionId = id(3);
    assert_eq!(
        (authority.tenant(), authority.account(), authority.session()),
        (caller.tenant, caller.account, Some(session))
    );
    assert_eq!(authority.caller(), &caller);
    assert_eq!(authority.permission(), P::NAME);
    assert!(authority.covers(caller.account));
    let far = P::reach(role) == Some(PermissionReach::Tenant);
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
    fn reach(role: Role) -> Option<PermissionReach> {
        (role == Role::Manager).then_some(PermissionReach::Tenant)
    }
}

#[test]
fn a_role_without_the_permission_gets_no_authority() {
    assert!(caller(Role::Manager).authorize::<Managers>().is_ok());
    for role in [Role::SalesRep, Role::Admin] {
        let denied = caller(role).authorize::<Managers>().unwrap_err();
        assert_eq!(denied.permission, "test:managers");
        assert_eq!(denied.to_string(), "the caller lacks the permission test:managers");
    }
}

/// Fails unless a key holds the permission with its scope, and with no other scope.
fn check_key<P: Permission + Debug>() {
    let own: Scope = P::NAME.parse().unwrap();
    assert!(P::FOR_KEYS && Scope::ALL.contains(&own));
    let authority = key(&[own]).authorize::<P>().unwrap();
    assert_eq!((authority.session(), authority.only_owner()), (None, None));
    assert!(authority.covers(id(9)));
    assert!(key(&Scope::ALL).authorize::<P>().is_ok());
    let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != own).collect();
    assert_eq!(key(&others).authorize::<P>().unwrap_err().permission, P::NAME);
    assert!(key(&[]).authorize::<P>().is_err());
}

#[test]
fn a_key_holds_what_its_scopes_name() {
    check_key::<CreateCompletions>();
    check_key::<CreateEmbeddings>();
    check_key::<ReadModels>();
    check_key::<ReadFlags>();
    assert_eq!(Scope::ALL.len(), 4);
}

fn check_no_key<P: Permission + Debug>() {
    assert!(!P::FOR_KEYS && P::NAME.parse::<Scope>().is_err());
    assert_eq!(key(&Scope::ALL).authorize::<P>().unwrap_err().permission, P::NAME);
}

#[test]
fn a_key_acts_in_its_own_name() {
    let (account, api_key): (AccountId, ApiKeyId) = (id(2), id(4));
    assert_eq!(caller(Role::Admin).principal(), account.to_string());
    assert_eq!(key(&[]).principal(), api_key.to_string());
}

#[test]
fn a_key_can_do_nothing_else_whoever_created_it() {
    check_no_key::<ReadLeads>();
    check_no_key::<WriteLeads>();
    check_no_key::<ScoreLeads>();
    check_no_key::<ScoreManyLeads>();
    check_no_key::<UseNotifications>();
    check_no_key::<UseAccount>();
    check_no_key::<ReadOrganization>();
    check_no_key::<ManageApiKeys>();
    check_no_key::<ManageMembers>();
    check_no_key::<ReadMembers>();
    check_no_key::<RemoveMembers>();
}

/// A permission with the name of a scope that is not made for keys.
#[derive(Debug)]
struct Impostor;
impl Permission for Impostor {
    const NAME: &'static str = "model:read";
    fn reach(_: Role) -> Option<PermissionReach> {
        Some(PermissionReach::Tenant)
    }
}

#[test]
fn a_name_alone_is_no_scope() {
    assert!(key(&Scope::ALL).authorize::<Impostor>().is_err());
}
