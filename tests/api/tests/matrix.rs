//! Every operation is called by every role for every kind of object. The expected result is computed from
//! `tests/authorization.yaml`.

use api_tests::{Answer, Call, Contract, Operation, Person, World, lead_body, read};
use domain::authority::Scope;
use domain::tenancy::Role;
use serde_json::{Value, json};
use std::sync::Arc;

/// The owner of the object that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Own,
    Colleagues,
    Foreign,
    Missing,
    Deleted,
}

const OBJECTS: [Object; 5] =
    [Object::Own, Object::Colleagues, Object::Foreign, Object::Missing, Object::Deleted];

/// The objects that a role reaches with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PermissionReach {
    Own,
    Tenant,
}

/// A row of the table.
struct Row(Value);

impl Row {
    fn of(operation: &str) -> Self {
        let table: Value = serde_yaml_ng::from_str(&read("tests/authorization.yaml")).unwrap();
        let row = table.get(operation).unwrap_or_else(|| panic!("the table has no {operation}")).clone();
        Self(row)
    }

    fn is_public(&self) -> bool {
        self.0 == "public"
    }

    fn reach(&self, role: Role) -> Option<PermissionReach> {
        match self.0[role.as_str()].as_str()? {
            "own" => Some(PermissionReach::Own),
            "tenant" => Some(PermissionReach::Tenant),
            other => panic!("no such reach: {other}"),
        }
    }

    /// Whether API keys may call it.
    fn takes_keys(&self) -> bool {
        match self.0.get("api_key").and_then(Value::as_str) {
            None => false,
            Some("tenant") => true,
            Some(other) => panic!("a key reaches the whole tenant or nothing: {other}"),
        }
    }

    fn permission(&self) -> &str {
        self.0["permission"].as_str().unwrap()
    }
}

/// An organization with a person of each role and a colleague, and another organization.
struct Cast {
    world: World,
    admin: Person,
    manager: Person,
    rep: Person,
    colleague: Person,
    stranger: Person,
}

impl Cast {
    async fn start() -> Self {
        let world = World::start();
        // The form of the answer does not matter here.
        world.model().script.always("{\"country\": \"France\"}");
        let admin = world.admin().await;
        let manager = world.colleague(&admin, Role::Manager).await;
        let rep = world.colleague(&admin, Role::SalesRep).await;
        let colleague = world.colleague(&admin, Role::SalesRep).await;
        let stranger = world.admin().await;
        Self { world, admin, manager, rep, colleague, stranger }
    }

    fn person(&self, role: Role) -> &Person {
        match role {
            Role::Admin => &self.admin,
            Role::Manager => &self.manager,
            Role::SalesRep => &self.rep,
        }
    }

    /// A new object for an operation that names one, from the point of view of `caller`.
    async fn object(&self, operation: &Operation, object: Object, caller: &Person) -> String {
        let owner = match object {
            Object::Own | Object::Missing | Object::Deleted => caller,
            Object::Colleagues => &self.colleague,
            Object::Foreign => &self.stranger,
        };
        if operation.path.starts_with("/v1/leads/") {
            if object == Object::Missing {
                return "lead_01jd2x5k8qf3v9m4t7w6z0r1sa".to_owned();
            }
            let id = self.world.lead(owner, &lead_body()).await["id"].as_str().unwrap().to_owned();
            if object == Object::Deleted {
                self.world.call("deleteLead").by(owner).path("id", &id).send().await.expect(204);
            }
            return id;
        }
        if operation.path.starts_with("/v1/api-keys/") {
            if object == Object::Missing {
                return "apikey_01jd2x3c6hf9b5r1m8v4n7q2wk".to_owned();
            }
            // Keys belong to the organization, whoever created them.
            let admin = if object == Object::Foreign { &self.stranger } else { &self.admin };
            return self.world.api_key(admin, &["model:read"]).await.id;
        }
        if operation.path.starts_with("/v1/ai/fine-tunes/") {
            if object == Object::Missing {
                return "finetune_01jd2x9b4tf7c8n2s6w1z5k0qd".to_owned();
            }
            // Fine-tunes belong to the organization, too. Between two of them a day passes; the earlier one then no
            // longer waits for its file, so no limit is reached.
            self.world.pass(24 * 3600);
            self.world.advance_fine_tunes(&Arc::default()).await;
            let admin = if object == Object::Foreign { &self.stranger } else { &self.admin };
            let created = self.world.call("createFineTune").by(admin).send().await.expect(201).json();
            return created["fine_tune"]["id"].as_str().unwrap().to_owned();
        }
        assert!(operation.path.starts_with("/v1/notifications/"), "{} names an unknown object", operation.id);
        if object == Object::Missing {
            return "notification_01jd2y8m3nf6s2c9x5k7v1q0wb".to_owned();
        }
        self.world.notification(owner).await
    }

    /// A request that is valid apart from its caller.
    fn request(&self, operation: &Operation, object: Option<&str>) -> Call<'_> {
        let call = self.world.call(&operation.id).named("one and the same");
        let call = match object {
            Some(id) => call.path("id", id),
            None => call,
        };
        match operation.id.as_str() {
            "updateLead" => call.if_match(1),
            "updateBudget" => call.if_match(0),
            _ => call,
        }
    }

    async fn send(&self, operation: &Operation, object: Option<&str>, caller: &Person) -> Answer {
        // A minute passes between two requests, so that no limit is reached.
        self.world.pass(60);
        self.request(operation, object).by(caller).send().await
    }
}

fn has_object(operation: &Operation) -> bool {
    operation.parameters_in("path").next().is_some()
}

fn protected() -> impl Iterator<Item = &'static Operation> {
    Contract::get().operations().iter().filter(|operation| !operation.public)
}

#[test]
fn the_table_and_the_contract_name_the_same_operations() {
    let table: Value = serde_yaml_ng::from_str(&read("tests/authorization.yaml")).unwrap();
    let mut rows: Vec<_> = table.as_object().unwrap().keys().cloned().collect();
    let mut operations: Vec<_> =
        Contract::get().operations().iter().map(|operation| operation.id.clone()).collect();
    rows.sort();
    operations.sort();
    assert_eq!(rows, operations);
    for operation in Contract::get().operations() {
        assert_eq!(operation.public, Row::of(&operation.id).is_public(), "{}", operation.id);
    }
}

#[tokio::test]
async fn nobody_without_claims_gets_in() {
    let cast = Cast::start().await;
    for operation in protected() {
        let id = match has_object(operation) {
            true => Some(cast.object(operation, Object::Own, &cast.rep).await),
            false => None,
        };
        let before = cast.world.snapshot().await;
        let answer = cast.request(operation, id.as_deref()).send().await;
        let answer = answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("WWW-Authenticate"), Some(r#"Bearer realm="sextant""#), "{}", operation.id);
        cast.world.unchanged_since(&before).await;
    }
}

#[tokio::test]
async fn a_claim_that_is_missing_or_malformed_is_no_claim() {
    let cast = Cast::start().await;
    for operation in protected() {
        let id = match has_object(operation) {
            true => Some(cast.object(operation, Object::Own, &cast.rep).await),
            false => None,
        };
        for claim in ["sub", "org_id", "role", "sid"] {
            for wrong in [Value::Null, json!("root"), json!(""), json!(7), json!({"admin": true})] {
                let call = cast.request(operation, id.as_deref()).by(&cast.rep).claim(claim, wrong.clone());
                let answer = call.send().await;
                assert_eq!(answer.status, 401, "{} with {claim} {wrong}: {}", operation.id, answer.body);
            }
        }
    }
}

#[tokio::test]
async fn public_operations_answer_everybody() {
    let cast = Cast::start().await;
    for operation in Contract::get().operations().iter().filter(|operation| operation.public) {
        let answer = cast.request(operation, None).send().await;
        match operation.id.as_str() {
            // The credentials of the samples are wrong, and every caller gets the same refusal.
            "login" | "refreshSession" => assert_eq!(answer.status, 401, "{}", answer.body),
            _ => assert!(answer.status < 300, "{}: {}", operation.id, answer.body),
        }
    }
}

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
async fn an_api_key_reaches_as_far_as_the_table_says() {
    let cast = Cast::start().await;
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    for operation in protected() {
        let row = Row::of(&operation.id);
        let all = cast.world.api_key(&cast.admin, &scopes).await;
        let others: Vec<&str> = scopes.iter().copied().filter(|scope| *scope != row.permission()).collect();
        let others = cast.world.api_key(&cast.admin, &others).await;
        for (key, may) in [(&all, row.takes_keys()), (&others, false)] {
            let id = match has_object(operation) {
                true => Some(cast.object(operation, Object::Own, &cast.admin).await),
                false => None,
            };
            let policy = cast.world.authorize(&key.text).await.unwrap();
            let events = cast.world.ledger().await.len();
            cast.world.pass(60);
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
    }
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
                let kind = id.split('_').next().unwrap();
                let denied = match row.reach(role) {
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

#[tokio::test]
async fn the_tenant_comes_from_the_claims_and_from_nowhere_else() {
    let cast = Cast::start().await;
    let theirs = cast.world.lead(&cast.stranger, &lead_body()).await;
    let tenant = cast.stranger.tenant.to_string();
    for name in ["X-Tenant-Id", "X-Org-Id", "X-Organization-Id", "org_id", "X-Amzn-Authorizer-Org-Id"] {
        let call = cast.world.call("getLead").by(&cast.admin).path("id", theirs["id"].as_str().unwrap());
        call.header(name, &tenant).query("org_id", &tenant).send().await.expect(404);
    }
    let mut body = lead_body();
    body["organization_id"] = tenant.clone().into();
    let refused = cast.world.call("createLead").by(&cast.admin).json(&body).send().await.expect(400);
    assert_eq!(refused.fields(), ["/organization_id"]);
    let list = cast.world.call("listLeads").by(&cast.admin).query("org_id", &tenant).send().await.expect(400);
    assert_eq!(list.fields(), ["org_id"]);
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
