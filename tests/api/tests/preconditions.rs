//! Preconditions of writes (RFC 9110, section 13.1) on every route that writes, and the answers when writers compete.

use api_tests::{Call, Contract, Operation, Person, SoftwareAuthenticator, World, lead_body};
use domain::tenancy::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::Fault;

const DAY: i64 = 24 * 3600;
/// The most attempts of a change if others change the same aggregate.
const TRIES: usize = 5;

/// Operations that change an entity.
const CHANGES: [&str; 16] = [
    "updateLead",
    "updateBudget",
    "deleteLead",
    "scoreLead",
    "markNotificationRead",
    "cancelFineTune",
    "cancelBatch",
    "cancelJob",
    "revokeApiKey",
    "revokeSession",
    "updateProfile",
    "updateMember",
    "removeMember",
    "disableTotp",
    "deletePasskey",
    "logout",
];
/// The operations of `CHANGES` that can be repeated.
const REMOVALS: [&str; 7] =
    ["deleteLead", "revokeApiKey", "revokeSession", "removeMember", "disableTotp", "deletePasskey", "logout"];

/// The object of the preconditions of a request.
#[derive(Clone, Copy)]
enum Subject {
    /// An entity in this version.
    Entity(u64),
    /// A list, which has no version.
    List,
    /// No entity.
    Nothing,
}

/// A new object for an operation.
struct Object {
    id: Option<String>,
    caller: Person,
    subject: Subject,
    body: Option<Value>,
}

struct Scene {
    world: World,
    person: Person,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        world.model().script.always("{\"country\": \"France\"}");
        let person = world.admin().await;
        Self { world, person }
    }

    async fn object(&self, operation: &Operation) -> Object {
        // A day passes between two operations, so that no limit is reached and no fine-tune is open.
        self.world.pass(DAY);
        self.world.advance_fine_tunes(&Arc::default()).await;
        self.world.advance_batches(&Arc::default()).await;
        let (world, caller) = (&self.world, self.person.clone());
        let (id, subject) = match operation.id.as_str() {
            "updateLead" | "deleteLead" | "scoreLead" => {
                let lead = world.lead(&caller, &lead_body()).await;
                (lead["id"].as_str().map(str::to_owned), Subject::Entity(1))
            }
            "revokeApiKey" => (Some(world.api_key(&caller, &["model:read"]).await.id), Subject::Entity(1)),
            "updateMember" | "removeMember" => {
                let member = world.colleague(&caller, Role::SalesRep).await;
                (Some(member.account.to_string()), Subject::Entity(1))
            }
            "markNotificationRead" => (Some(world.notification(&caller).await), Subject::Entity(1)),
            "cancelFineTune" => {
                let created = world.call("createFineTune").by(&caller).send().await.expect(201);
                assert_eq!(created.header("ETag"), Some("\"1\""));
                (created.json()["fine_tune"]["id"].as_str().map(str::to_owned), Subject::Entity(1))
            }
            "cancelBatch" => {
                let created = world.call("createBatch").by(&caller).send().await.expect(201);
                assert_eq!(created.header("ETag"), Some("\"1\""));
                (created.json()["id"].as_str().map(str::to_owned), Subject::Entity(1))
            }
            "cancelJob" => (Some(world.job(&caller).await), Subject::Entity(1)),
            "updateBudget" => {
                let budget = world.call("getBudget").by(&caller).send().await.expect(200).json();
                (None, Subject::Entity(budget["version"].as_u64().unwrap()))
            }
            "revokeSession" => {
                let other = Person { session: world.context().new_id().unwrap(), ..caller.clone() };
                world.sign_in(&other).await;
                (Some(other.session.to_string()), Subject::Entity(1))
            }
            "updateProfile" => {
                return Object {
                    id: None,
                    caller: world.admin().await,
                    subject: Subject::Entity(1),
                    body: None,
                };
            }
            "logout" => {
                let caller = Person { session: world.context().new_id().unwrap(), ..caller };
                self.world.sign_in(&caller).await;
                return Object { id: None, caller, subject: Subject::Entity(1), body: None };
            }
            "disableTotp" => {
                let caller = world.admin().await;
                world.call("enrollTotp").by(&caller).send().await.expect(201);
                return Object { id: None, caller, subject: Subject::Entity(1), body: None };
            }
            "deletePasskey" => {
                let caller = world.admin().await;
                let created = world.passkey(&caller, &SoftwareAuthenticator::new(1)).await;
                let id = created["passkey"]["id"].as_str().map(str::to_owned);
                return Object { id, caller, subject: Subject::Entity(1), body: None };
            }
            "activateTotp" | "regenerateRecoveryCodes" | "createPasskey" => {
                let caller = world.admin().await;
                let body = world.begin_factor(&operation.id, &caller).await;
                let subject = if operation.id == "createPasskey" { Subject::List } else { Subject::Nothing };
                return Object { id: None, caller, subject, body };
            }
            "createLead"
            | "createApiKey"
            | "createFineTune"
            | "createBatch"
            | "exportAuditEntries"
            | "revokeOtherSessions" => (None, Subject::List),
            _ => (None, Subject::Nothing),
        };
        Object { id, caller, subject, body: None }
    }

    fn call(&self, operation: &Operation, object: &Object) -> Call<'_> {
        let call = self.world.call(&operation.id);
        let call = if operation.public { call } else { call.by(&object.caller) };
        let call = match &object.body {
            Some(body) => call.json(body),
            None => call,
        };
        match &object.id {
            Some(id) => call.path("id", id),
            None => call,
        }
    }

    /// A request with a precondition. A replacement always names the version that it replaces.
    fn with(&self, operation: &Operation, object: &Object, name: &str, value: &str) -> Call<'_> {
        let call = self.call(operation, object);
        let call = if operation.method == "PUT" { call.header("If-Match", "*") } else { call };
        call.header(name, value)
    }
}

fn writes() -> impl Iterator<Item = &'static Operation> {
    let writes = |operation: &&Operation| ["POST", "PUT", "DELETE"].contains(&operation.method.as_str());
    Contract::get().operations().iter().filter(writes)
}

fn takes_key(operation: &Operation) -> bool {
    operation.parameters_in("header").any(|parameter| parameter.name == "Idempotency-Key")
}

/// Preconditions that do not hold.
fn failing(subject: Subject) -> Vec<(&'static str, String)> {
    match subject {
        Subject::Entity(version) => vec![
            ("If-Match", format!("\"{}\"", version + 1)),
            ("If-Match", format!("W/\"{version}\"")),
            ("If-Match", format!("\"0{version}\"")),
            ("If-Match", "\"x\", \"98\", \"99\"".to_owned()),
            ("If-None-Match", "*".to_owned()),
            ("If-None-Match", format!("\"{version}\"")),
            ("If-None-Match", format!("W/\"{version}\"")),
            ("If-None-Match", format!("\"98\", \"{version}\"")),
        ],
        Subject::List => vec![("If-Match", "\"1\"".to_owned()), ("If-None-Match", "*".to_owned())],
        Subject::Nothing => vec![("If-Match", "*".to_owned()), ("If-Match", "\"1\"".to_owned())],
    }
}

/// Preconditions that hold.
fn holding(subject: Subject) -> Vec<(&'static str, String)> {
    match subject {
        Subject::Entity(version) => vec![
            ("If-Match", format!("\"{version}\"")),
            ("If-Match", "*".to_owned()),
            ("If-Match", format!("W/\"98\", \"x\", \"{version}\"")),
            ("If-None-Match", "\"98\"".to_owned()),
            ("If-None-Match", "W/\"98\", \"99\"".to_owned()),
        ],
        Subject::List => vec![("If-Match", "*".to_owned()), ("If-None-Match", "\"1\"".to_owned())],
        Subject::Nothing => vec![("If-None-Match", "*".to_owned()), ("If-None-Match", "\"1\"".to_owned())],
    }
}

#[tokio::test]
async fn a_precondition_that_does_not_hold_is_told_and_nothing_is_written() {
    let scene = Scene::start().await;
    let mut cases = 0;
    for operation in writes() {
        let object = scene.object(operation).await;
        let before = scene.world.snapshot().await;
        for (name, value) in failing(object.subject) {
            let answer = scene.with(operation, &object, name, &value).send().await;
            let place = format!("{} {name}: {value}: {}", operation.id, answer.body);
            assert_eq!((answer.status, answer.code()), (412, "precondition_failed".into()), "{place}");
            cases += 1;
        }
        scene.world.unchanged_since(&before).await;
        if takes_key(operation) && !operation.public {
            // The key of a refused request is free for the next one.
            let (name, value) = failing(object.subject).remove(0);
            let events = scene.world.ledger().await.len();
            let refused = scene.with(operation, &object, name, &value).key("k");
            refused.send().await.problem(412, "precondition_failed");
            assert_eq!(scene.world.ledger().await.len(), events, "{}", operation.id);
            let answer = scene.call(operation, &object).key("k").send().await;
            assert!(answer.status < 300 && !answer.is_replay(), "{}: {}", operation.id, answer.body);
        }
    }
    assert!(cases > 80, "{cases}");
}

#[tokio::test]
async fn a_precondition_that_holds_changes_nothing_about_the_request() {
    let scene = Scene::start().await;
    let mut cases = 0;
    for operation in writes() {
        let mut number = 0;
        loop {
            let object = scene.object(operation).await;
            let Some((name, value)) = holding(object.subject).into_iter().nth(number) else { break };
            let answer = scene.with(operation, &object, name, &value).send().await;
            let place = format!("{} {name}: {value}: {}", operation.id, answer.body);
            // The credentials in the samples of public routes may be wrong and are then refused.
            assert!(answer.status < 300 || (operation.public && answer.status != 412), "{place}");
            (number, cases) = (number + 1, cases + 1);
        }
    }
    assert!(cases > 50, "{cases}");
}

#[tokio::test]
async fn a_repeated_request_is_answered_again_whatever_it_required_the_first_time() {
    let scene = Scene::start().await;
    for id in ["scoreLead", "markNotificationRead", "cancelFineTune", "cancelBatch"] {
        let operation = Contract::get().operation(id);
        let object = scene.object(operation).await;
        let send = || scene.call(operation, &object).key("k").if_match(1).send();
        let first = send().await.expect(200);
        assert_eq!(first.header("ETag"), Some("\"2\""), "{id}");
        let again = send().await.expect(200);
        assert!(again.is_replay(), "{id}");
        assert_eq!(again.essence(), first.essence(), "{id}");
        scene.call(operation, &object).if_match(1).send().await.problem(412, "precondition_failed");
    }
}

#[tokio::test]
async fn a_removal_that_was_done_is_answered_as_the_first_time() {
    let scene = Scene::start().await;
    for id in REMOVALS {
        let operation = Contract::get().operation(id);
        let object = scene.object(operation).await;
        scene.call(operation, &object).if_match(1).send().await.expect(204);
        let before = scene.world.snapshot().await;
        for _ in 0..2 {
            scene.call(operation, &object).if_match(1).send().await.expect(204);
        }
        scene.world.unchanged_since(&before).await;
    }
}

#[tokio::test]
async fn of_many_writers_that_saw_one_version_one_writes() {
    let scene = Scene::start().await;
    for id in CHANGES.into_iter().filter(|id| !REMOVALS.contains(id)) {
        let operation = Contract::get().operation(id);
        let object = scene.object(operation).await;
        let Subject::Entity(version) = object.subject else { panic!("{id} changes no entity") };
        let answers = join_all((0..4).map(|_| scene.call(operation, &object).if_match(version).send())).await;
        let with = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((with(200), with(412)), (1, 3), "{id}: {answers:?}");
    }
    scene.world.check_folds().await;
}

#[tokio::test]
async fn writers_of_whatever_is_there_are_never_told_of_a_precondition() {
    let scene = Scene::start().await;
    let operation = Contract::get().operation("updateLead");
    let object = scene.object(operation).await;
    let send = |number: u64| {
        let body = json!({"company_name": "Fabrikam", "status": "new", "company_size": 100 + number});
        scene.call(operation, &object).header("If-Match", "*").json(&body).send()
    };
    let answers = join_all((0..12).map(send)).await;
    let written = answers.iter().filter(|answer| answer.status == 200).count();
    let conflicts = answers.iter().filter(|answer| answer.code() == "conflict").count();
    assert_eq!(written + conflicts, 12, "{answers:?}");
    assert_eq!(scene.world.events("lead_updated").await.len(), written);
}

#[tokio::test]
async fn a_conflict_that_can_not_be_decided_has_one_answer() {
    let scene = Scene::start().await;
    let conflict = || {
        scene
            .world
            .environment()
            .wire()
            .fail_next("TransactWriteItems", Fault::canceled(&["ConditionalCheckFailed"]))
    };
    for id in CHANGES {
        let operation = Contract::get().operation(id);
        let object = scene.object(operation).await;
        let send = || scene.with(operation, &object, "If-Match", "*").send();
        let before = scene.world.snapshot().await;
        (0..TRIES).for_each(|_| conflict());
        let answer = send().await.problem(409, "conflict");
        let (title, openai) = (&answer.json()["title"], &answer.json()["error"]["message"]);
        assert!(
            title == "Conflicting change" || openai.is_string() && title.is_null(),
            "{id}: {}",
            answer.json()
        );
        assert_eq!(answer.header("Retry-After"), Some("1"), "{id}");
        assert_eq!(scene.world.environment().wire().faults_left(), 0, "{id}");
        scene.world.unchanged_since(&before).await;
        // Before the last attempt the decision is repeated.
        (1..TRIES).for_each(|_| conflict());
        let answer = send().await;
        assert!(answer.status < 300, "{id}: {}", answer.body);
        assert_eq!(scene.world.environment().wire().faults_left(), 0, "{id}");
    }
}
