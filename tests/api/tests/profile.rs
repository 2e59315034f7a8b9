//! The caller's profile: name and preferences, and what is not the caller's to change.

use api_tests::{Person, World, sample};
use application_core::repository;
use domain::AggregateType;
use domain::tenancy::{Member, Role};
use ports::AggregateKey;
use serde_json::{Value, json};

fn body() -> Value {
    json!({"name": "Ada King", "preferences": {"locale": "de-AT", "time_zone": "Europe/Vienna", "theme": "dark"}})
}

async fn read(world: &World, person: &Person) -> Value {
    world.call("getProfile").by(person).send().await.expect(200).json()
}

async fn member_name(world: &World, person: &Person) -> String {
    let key = AggregateKey::new(person.tenant, AggregateType::Member, &person.account);
    let member = repository::load::<Member>(world.store().as_ref(), &key).await.unwrap().unwrap();
    member.state.person.unwrap().name
}

#[tokio::test]
async fn every_role_changes_name_and_preferences_of_itself_alone() {
    let world = World::start();
    let admin = world.admin().await;
    let mut people = vec![admin.clone()];
    for role in [Role::SalesRep, Role::Manager] {
        people.push(world.colleague(&admin, role).await);
    }
    let witness = world.colleague(&admin, Role::SalesRep).await;
    let before = read(&world, &witness).await;
    for person in &people {
        let was = read(&world, person).await;
        assert_eq!(was["preferences"], json!({"locale": null, "time_zone": null, "theme": null}));
        let changed =
            world.call("updateProfile").by(person).if_match(1).json(&body()).send().await.expect(200);
        assert_eq!(changed.header("ETag"), Some("\"2\""));
        let mut expected = was.clone();
        expected["name"] = "Ada King".into();
        expected["preferences"] = body()["preferences"].clone();
        assert_eq!(changed.json(), expected);
        assert_eq!(read(&world, person).await, expected);
        assert_eq!(
            (&expected["account_id"], &expected["organization_name"]),
            (&expected["id"], &json!("Northwind"))
        );
        // The copy of the member changes with it.
        assert_eq!(member_name(&world, person).await, "Ada King");
    }
    assert_eq!(read(&world, &witness).await, before);
    assert_eq!(member_name(&world, &witness).await, "Charles Babbage");
    // Name and preferences are sealed.
    for kind in ["profile_updated", "member_renamed"] {
        let events = world.events(kind).await;
        assert_eq!(events.len(), 3, "{kind}");
        let text = json!(events).to_string();
        assert!(!text.contains("King") && !text.contains("Vienna"), "{text}");
    }
    world.check_folds().await;
}

#[tokio::test]
async fn the_same_again_writes_nothing_and_preferences_alone_rename_nobody() {
    let world = World::start();
    let person = world.admin().await;
    let replace = |body: &Value, version: u64| {
        world.call("updateProfile").by(&person).if_match(version).json(body).send()
    };
    replace(&body(), 1).await.expect(200);
    let before = world.snapshot().await;
    let profile = read(&world, &person).await;
    // What was read can be sent back.
    let again = replace(&profile, 2).await.expect(200);
    assert_eq!((again.header("ETag"), again.json()), (Some("\"2\""), profile.clone()));
    replace(&body(), 1).await.problem(412, "precondition_failed");
    world.unchanged_since(&before).await;
    let mut light = profile;
    light["preferences"] = json!({"locale": null, "time_zone": null, "theme": "light"});
    assert_eq!(replace(&light, 2).await.expect(200).json()["preferences"], light["preferences"]);
    assert_eq!(world.events("member_renamed").await.len(), 1);
    world
        .call("updateProfile")
        .by(&person)
        .without_header("If-Match")
        .send()
        .await
        .problem(428, "precondition_required");
    world.check_folds().await;
}

#[tokio::test]
async fn nothing_else_can_be_set() {
    let world = World::start();
    let rep = world.colleague(&world.admin().await, Role::SalesRep).await;
    let stranger = world.admin().await;
    let before = world.snapshot().await;
    let send = async |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        world.call("updateProfile").by(&rep).if_match(1).json(&body).send().await.expect(400)
    };
    for (name, value) in [
        ("id", json!(stranger.account.to_string())),
        ("account_id", json!(stranger.account.to_string())),
        ("email", json!("root@northwind.example")),
        ("role", json!("admin")),
        ("organization_id", json!(stranger.tenant.to_string())),
        ("organization_name", json!("Contoso")),
        ("mfa_enabled", json!(true)),
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("password_hash", json!("$argon2id$")),
        ("status", json!("active")),
        ("scopes", json!(["model:read"])),
    ] {
        assert_eq!(send(name, value).await.fields(), [format!("/{name}")]);
    }
    assert_eq!(send("preferences", json!({"role": "admin"})).await.fields(), ["/preferences/role"]);
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn wrong_values_are_named() {
    let world = World::start();
    let person = world.admin().await;
    let wrong =
        json!({"name": " ", "preferences": {"locale": "en_US", "time_zone": "Mars/Base", "theme": "blue"}});
    let answer = world.call("updateProfile").by(&person).if_match(1).json(&wrong).send().await.expect(400);
    let expected = ["/name", "/preferences/locale", "/preferences/time_zone", "/preferences/theme"];
    assert_eq!(answer.fields(), expected);
    assert!(!answer.body.contains("Mars") && !answer.body.contains("blue\""), "{}", answer.body);
    // The sample is a request that works.
    assert!(sample("identity", "update-profile")["body"].as_str().unwrap().contains("Ada King"));
}
