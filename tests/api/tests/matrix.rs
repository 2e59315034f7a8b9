//! Every operation is called by every role for every kind of object. The expected result is computed from
//! `tests/authorization.yaml`.

mod reach;
mod refusals;

use api_tests::{Answer, Call, Contract, Operation, Person, SoftwareAuthenticator, World, lead_body, read};
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

    /// The scope by which a key holds the permission.
    fn scope(&self) -> &str {
        self.0["scope"].as_str().unwrap_or(self.permission())
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
        if operation.path.starts_with("/v1/members/") {
            if object == Object::Missing {
                return "account_01jd2x4h2rfa9v6k1s8m3w7c5e".to_owned();
            }
            // The last admin stays, so a new member takes the place of an admin; everybody else may leave.
            return match (object, caller.role) {
                (Object::Foreign, _) => self.stranger.account.to_string(),
                (Object::Own, Role::Manager | Role::SalesRep) => caller.account.to_string(),
                _ => self.world.colleague(&self.admin, Role::SalesRep).await.account.to_string(),
            };
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
        if operation.path.starts_with("/v1/batches/") {
            if object == Object::Missing {
                return "batch_01jd2x9b4tf7c8n2s6w1z5k0qd".to_owned();
            }
            // Between two batches a day passes; the earlier one then has expired, so no limit is reached.
            self.world.pass(24 * 3600);
            self.world.advance_batches(&Arc::default()).await;
            let created = self.world.call("createBatch").by(owner).send().await.expect(201).json();
            return created["id"].as_str().unwrap().to_owned();
        }
        if operation.path.starts_with("/v1/jobs/") {
            if object == Object::Missing {
                return "job_01jd2x9b4tf7c8n2s6w1z5k0qd".to_owned();
            }
            return self.world.job(owner).await;
        }
        if operation.path.starts_with("/v1/auth/sessions/") {
            if object == Object::Missing {
                return "session_01jd2x1v7gf5w4n8q3k6m9z0tc".to_owned();
            }
            let owner = Person { session: self.world.context().new_id().unwrap(), ..owner.clone() };
            self.world.sign_in(&owner).await;
            return owner.session.to_string();
        }
        if operation.path.starts_with("/v1/auth/passkeys/") {
            if object == Object::Missing {
                return "passkey_01jd2x7d5qf8k1s4w9m3v6r0tc".to_owned();
            }
            let authenticator =
                SoftwareAuthenticator::new(u8::try_from(self.world.now().seconds() % 251).unwrap());
            return self.world.passkey(owner, &authenticator).await["passkey"]["id"]
                .as_str()
                .unwrap()
                .to_owned();
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
            "updateLead" | "updateMember" => call.if_match(1),
            "updateBudget" => call.if_match(0),
            "updateProfile" => call.header("If-Match", "*"),
            _ => call,
        }
    }

    async fn send(&self, operation: &Operation, object: Option<&str>, caller: &Person) -> Answer {
        // A minute passes between two requests, so that no limit is reached.
        self.world.pass(60);
        let call = self.request(operation, object).by(caller);
        match self.world.begin_factor(&operation.id, caller).await {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    }
}

/// Models belong to the deployment and not to an organization: the path of one names no object.
fn has_object(operation: &Operation) -> bool {
    operation.parameters_in("path").next().is_some() && !operation.path.starts_with("/v1/models/")
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
    let mut public: Vec<_> =
        Contract::get().operations().iter().filter(|operation| operation.public).collect();
    // Login comes before the registration of the account in its sample.
    public.sort_by_key(|operation| &operation.id);
    for operation in public {
        let answer = cast.request(operation, None).send().await;
        match operation.id.as_str() {
            // The credentials of the samples are wrong, and every caller gets the same refusal.
            "login" | "refreshSession" | "verifyMfa" | "loginWithPasskey" => {
                assert_eq!(answer.status, 401, "{}", answer.body)
            }
            // The tokens of the samples are unknown.
            "resetPassword" | "verifyEmail" => assert_eq!(answer.code(), "invalid_token", "{}", answer.body),
            _ => assert!(answer.status < 300, "{}: {}", operation.id, answer.body),
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
