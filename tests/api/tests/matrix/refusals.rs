//! Refused requests: their answers do not tell what exists, and the audit log of the caller's organization records them.

use super::{Cast, OBJECTS, Object, PermissionReach, Row, has_object, protected};
use api_tests::{Contract, Person, lead_body};
use domain::tenancy::Role;
use serde_json::{Value, json};

#[tokio::test]
async fn a_role_without_the_permission_is_told_so_and_so_is_the_audit_log() {
    let cast = Cast::start().await;
    let mut refused = 0;
    for operation in protected().filter(|operation| !has_object(operation)) {
        let row = Row::of(&operation.id);
        for role in Role::ALL.into_iter().filter(|role| row.reach(*role).is_none()) {
            let (caller, before) = (cast.person(role), cast.world.events("access_denied").await.len());
            cast.send(operation, None, caller).await.problem(403, "forbidden");
            let events = cast.world.events("access_denied").await;
            assert_eq!(events.len(), before + 1, "{} {role:?}", operation.id);
            let facts = &events.last().unwrap()["data"]["M"];
            assert_eq!(facts["permission"]["S"], row.permission());
            assert_eq!(facts["account_id"]["S"], caller.account.to_string());
            refused += 1;
        }
    }
    assert!(refused >= 4, "{refused}");
}

#[tokio::test]
async fn what_a_caller_may_not_know_of_is_answered_as_what_is_not_there() {
    let cast = Cast::start().await;
    for operation in protected().filter(|operation| has_object(operation)) {
        let row = Row::of(&operation.id);
        for role in Role::ALL {
            let caller = cast.person(role);
            let missing = cast.object(operation, Object::Missing, caller).await;
            let missing = cast.send(operation, Some(&missing), caller).await;
            let missing = match row.reach(role) {
                Some(_) => missing.problem(404, "not_found"),
                None => missing.problem(403, "forbidden"),
            };
            let mut hidden = vec![Object::Foreign];
            if row.reach(role) == Some(PermissionReach::Own) {
                hidden.push(Object::Colleagues);
            }
            if operation.path.starts_with("/v1/leads/") && operation.id != "deleteLead" {
                hidden.push(Object::Deleted);
            }
            for object in hidden {
                let id = cast.object(operation, object, caller).await;
                let answer = cast.send(operation, Some(&id), caller).await;
                // The answers are the same byte for byte; both requests have the same correlation id.
                assert_eq!(answer, missing, "{} {role:?} {object:?}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn a_deleted_lead_of_somebody_else_is_a_missing_one_to_delete_too() {
    let cast = Cast::start().await;
    let operation = Contract::get().operation("deleteLead");
    let missing = cast.object(operation, Object::Missing, &cast.rep).await;
    let missing = cast.send(operation, Some(&missing), &cast.rep).await.problem(404, "not_found");
    for owner in [&cast.colleague, &cast.stranger] {
        let id = cast.object(operation, Object::Deleted, owner).await;
        assert_eq!(cast.send(operation, Some(&id), &cast.rep).await, missing);
    }
}

#[tokio::test]
async fn a_refused_access_is_told_to_the_audit_log_of_its_own_tenant_only() {
    let cast = Cast::start().await;
    for operation in protected().filter(|operation| has_object(operation)) {
        let row = Row::of(&operation.id);
        for role in Role::ALL {
            let caller = cast.person(role);
            for object in OBJECTS {
                if object == Object::Deleted && !operation.path.starts_with("/v1/leads/") {
                    continue;
                }
                let id = cast.object(operation, object, caller).await;
                let before = cast.world.events("access_denied").await;
                cast.send(operation, Some(&id), caller).await;
                let after = cast.world.events("access_denied").await;
                let new: Vec<&Value> = after.iter().filter(|event| !before.contains(event)).collect();
                // A member has the id of the account.
                let kind = match id.split('_').next().unwrap() {
                    "account" => "member",
                    kind => kind,
                };
                let denied = match row.reach(role) {
                    // Passkeys are parts of an account: those of others can not even be asked for.
                    Some(_) if kind == "passkey" => None,
                    Some(PermissionReach::Own) if object == Object::Colleagues => Some((kind, id.clone())),
                    Some(_) => None,
                    // If the request names no object, the event names the organization.
                    None => Some(("organization", caller.tenant.to_string())),
                };
                let place = format!("{} {role:?} {object:?}", operation.id);
                assert_eq!(new.len(), usize::from(denied.is_some()), "{place}");
                for (event, (resource, id)) in new.into_iter().zip(denied) {
                    assert_eq!(event["tenant_id"]["S"], caller.tenant.to_string(), "{place}");
                    assert_eq!(event["actor"]["S"], caller.account.to_string(), "{place}");
                    assert_eq!(event["correlation_id"]["S"], "one and the same", "{place}");
                    assert_eq!(
                        event["data"]["M"],
                        json!({
                            "account_id": {"S": caller.account.to_string()},
                            "permission": {"S": row.permission()},
                            "resource_type": {"S": resource},
                            "resource_id": {"S": id},
                        }),
                        "{place}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_list_of_somebody_elses_leads_is_empty_and_told_to_the_audit_log() {
    let cast = Cast::start().await;
    cast.world.lead(&cast.colleague, &lead_body()).await;
    let list = |caller: &Person| {
        let owner = cast.colleague.account.to_string();
        cast.world.call("listLeads").by(caller).query("owner", &owner).send()
    };
    let refused = list(&cast.rep).await.expect(200);
    assert_eq!(refused.json(), json!({"data": [], "next_cursor": null}));
    assert!(refused.header("RateLimit").is_some());
    let events = cast.world.events("access_denied").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["actor"]["S"], cast.rep.account.to_string());
    assert_eq!(events[0]["data"]["M"]["resource_id"]["S"], cast.colleague.account.to_string());
    // A caller who may see them is not refused.
    assert_eq!(list(&cast.manager).await.expect(200).json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(list(&cast.colleague).await.expect(200).json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(cast.world.events("access_denied").await.len(), 1);
}

#[tokio::test]
async fn a_refusal_that_can_not_be_recorded_is_answered_like_any_other() {
    let cast = Cast::start().await;
    let operation = Contract::get().operation("getLead");
    let missing = cast.object(operation, Object::Missing, &cast.rep).await;
    let missing = cast.send(operation, Some(&missing), &cast.rep).await.problem(404, "not_found");
    let theirs = cast.object(operation, Object::Colleagues, &cast.rep).await;
    for _ in 0..20 {
        let failure = json!({"__type": "InternalServerError"});
        cast.world.environment().wire().fail_next("TransactWriteItems", testkit::Fault::Answer(500, failure));
    }
    assert_eq!(cast.send(operation, Some(&theirs), &cast.rep).await, missing);
    assert!(cast.world.environment().wire().faults_left() < 20, "nothing was to be recorded");
}
