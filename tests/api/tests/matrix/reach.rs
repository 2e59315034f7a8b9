//! How far roles and API keys reach with each operation, and what lists show of it.

use super::{Cast, OBJECTS, Object, PermissionReach, Row, has_object, protected};
use api_tests::{Answer, Contract, Person, lead_body};
use domain::authority::Scope;
use domain::tenancy::Role;

#[tokio::test]
async fn every_role_reaches_as_far_as_the_table_says() {
    let cast = Cast::start().await;
    for operation in protected() {
        let row = Row::of(&operation.id);
        for role in Role::ALL {
            let caller = cast.person(role);
            if !has_object(operation) {
                let answer = cast.send(operation, None, caller).await;
                match row.reach(role) {
                    Some(_) => assert!(answer.status < 300, "{} {role:?}: {}", operation.id, answer.body),
                    None => assert_eq!(answer.status, 403, "{} {role:?}", operation.id),
                }
                continue;
            }
            for object in OBJECTS {
                let is_lead = operation.path.starts_with("/v1/leads/");
                if object == Object::Deleted && !is_lead {
                    continue;
                }
                let id = cast.object(operation, object, caller).await;
                let answer = cast.send(operation, Some(&id), caller).await;
                let reached = match (row.reach(role), object) {
                    (None, _) => None,
                    (_, Object::Foreign | Object::Missing) => Some(false),
                    // Deleting is idempotent; for every other operation a deleted lead does not exist.
                    (_, Object::Deleted) => Some(operation.id == "deleteLead"),
                    (Some(PermissionReach::Own), Object::Colleagues) => Some(false),
                    (Some(PermissionReach::Own | PermissionReach::Tenant), _) => Some(true),
                };
                let place = format!("{} {role:?} {object:?}: {}", operation.id, answer.body);
                match reached {
                    None => assert_eq!(answer.status, 403, "{place}"),
                    Some(false) => {
                        assert_eq!((answer.status, answer.code()), (404, "not_found".into()), "{place}")
                    }
                    Some(true) => assert!(answer.status < 300, "{place}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn an_api_key_reaches_as_far_as_the_table_says() {
    let cast = Cast::start().await;
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    for operation in protected() {
        let row = Row::of(&operation.id);
        let all = cast.world.api_key(&cast.admin, &scopes).await;
        let others: Vec<&str> = scopes.iter().copied().filter(|scope| *scope != row.scope()).collect();
        let others = cast.world.api_key(&cast.admin, &others).await;
        for (key, may) in [(&all, row.takes_keys()), (&others, false)] {
            let id = match has_object(operation) {
                true => Some(cast.object(operation, Object::Own, &cast.admin).await),
                false => None,
            };
            let policy = cast.world.authorize(&key.text).await.unwrap();
            let events = cast.world.ledger().await.len();
            // An organization may create 50 keys a day.
            cast.world.pass(3600);
            let answer = cast.request(operation, id.as_deref()).let_in(&policy).send().await;
            if may {
                assert!(answer.status < 300, "{}: {}", operation.id, answer.body);
                continue;
            }
            answer.problem(403, "forbidden");
            // The only new event is the refusal.
            assert_eq!(cast.world.ledger().await.len(), events + 1, "{}", operation.id);
            let denied = cast.world.events("access_denied").await;
            let denied = denied.iter().find(|event| event["actor"]["S"] == key.id.as_str()).unwrap();
            assert_eq!(denied["data"]["M"]["permission"]["S"], row.permission());
            assert_eq!(denied["data"]["M"]["account_id"]["S"], cast.admin.account.to_string());
            assert_eq!(denied["tenant_id"]["S"], cast.admin.tenant.to_string());
        }
        // An organization may have 100 keys.
        for key in [&all, &others] {
            let revocation = cast.world.call("revokeApiKey").by(&cast.admin).path("id", &key.id);
            revocation.send().await.expect(204);
        }
    }
}

#[tokio::test]
async fn lists_show_as_much_as_the_table_says() {
    let cast = Cast::start().await;
    for person in [&cast.admin, &cast.manager, &cast.rep, &cast.colleague, &cast.stranger] {
        cast.world.lead(person, &lead_body()).await;
        cast.world.notification(person).await;
    }
    let owners = |answer: &Answer| {
        let mut owners: Vec<String> = answer.json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|lead| lead["owner_id"].as_str().unwrap().to_owned())
            .collect();
        owners.sort();
        owners
    };
    let sorted = |people: &[&Person]| {
        let mut ids: Vec<String> = people.iter().map(|person| person.account.to_string()).collect();
        ids.sort();
        ids
    };
    let (leads, notifications) =
        (Contract::get().operation("listLeads"), Contract::get().operation("listNotifications"));
    for role in Role::ALL {
        let caller = cast.person(role);
        let expected = match Row::of("listLeads").reach(role).unwrap() {
            PermissionReach::Own => sorted(&[caller]),
            PermissionReach::Tenant => sorted(&[&cast.admin, &cast.manager, &cast.rep, &cast.colleague]),
        };
        assert_eq!(owners(&cast.send(leads, None, caller).await), expected, "{role:?}");
        assert_eq!(Row::of("listNotifications").reach(role), Some(PermissionReach::Own));
        let own = cast.send(notifications, None, caller).await.json();
        assert_eq!(own["data"].as_array().unwrap().len(), 1, "{role:?}");

        // A filter by owner never shows more than the list without it.
        for owner in [&cast.colleague, &cast.stranger, caller] {
            cast.world.pass(60);
            let denied_before = cast.world.events("access_denied").await.len();
            let call = cast.world.call("listLeads").by(caller).query("owner", &owner.account.to_string());
            let shown = owners(&call.send().await.expect(200));
            let visible = expected.contains(&owner.account.to_string());
            let denied = cast.world.events("access_denied").await.len() - denied_before;
            let refused = role == Role::SalesRep && owner.account != caller.account;
            assert_eq!(denied, usize::from(refused), "{role:?}");
            assert_eq!(shown, if visible { sorted(&[owner]) } else { Vec::new() }, "{role:?}");
        }
    }
}
