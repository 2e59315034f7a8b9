//! API keys: created, shown once, listed, used, revoked; and texts that are not valid keys.

use api_tests::{ApiKey, Person, World};
use domain::tenancy::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use testkit::Fault;

const DAY: i64 = 24 * 3600;
const REFUSED: &str = "Deny";

fn body() -> Value {
    json!({"name": "CRM export", "scopes": ["model:read", "completion:create"], "expires_in_days": 30})
}

/// A world with an administrator and a key.
async fn with_key() -> (World, Person, ApiKey) {
    let world = World::start();
    let admin = world.admin().await;
    let key = world.api_key(&admin, &["model:read", "completion:create"]).await;
    (world, admin, key)
}

async fn list(world: &World, admin: &Person) -> Vec<Value> {
    world.pass(1);
    let mut page = world.call("listApiKeys").by(admin).send().await.expect(200).json();
    assert_eq!(page["next_cursor"], Value::Null);
    serde_json::from_value(page["data"].take()).unwrap()
}

/// The key with another secret, organization or id: the three parts after `sxk`.
fn with_part(key: &ApiKey, at: usize, part: &str) -> String {
    let mut parts: Vec<&str> = key.text.split('_').collect();
    parts[at] = part;
    parts.join("_")
}

fn part(key: &ApiKey, at: usize) -> String {
    key.text.split('_').nth(at).unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_only_its_hash_is_kept() {
    let world = World::start();
    let admin = world.admin().await;
    let answer = world.call("createApiKey").by(&admin).json(&body()).send().await.expect(201);
    let created = answer.json();
    let key = created["key"].as_str().unwrap();
    let parts: Vec<&str> = key.split('_').collect();
    assert_eq!((parts.len(), parts[0]), (4, "sxk"));
    assert_eq!(format!("org_{}", parts[1]), admin.tenant.to_string());
    assert_eq!(created["id"], format!("apikey_{}", parts[2]));
    assert_eq!(created["prefix"], key.rsplit_once('_').unwrap().0);
    assert_eq!(created["scopes"], json!(["completion:create", "model:read"]));
    assert_eq!(created["created_at"], world.now().to_string());
    assert_eq!(created["expires_at"], world.now().plus_seconds(30 * DAY).to_string());

    // The secret is neither in the tables nor on the bus.
    let secret = parts[3].as_bytes();
    let bytes = world.bytes().await;
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    let ledger = world.events("api_key_created").await;
    let hash = ledger[0]["data"]["M"]["secret_hash"]["S"].as_str().unwrap();
    let messages = serde_json::to_string(&world.messages().await).unwrap();
    assert!(messages.contains("api_key_created") && messages.contains("CRM export"));
    assert!(!messages.contains(hash) && !messages.contains("secret_hash"));
    let listed = serde_json::to_string(&list(&world, &admin).await).unwrap();
    assert!(!listed.contains(hash) && !listed.contains(parts[3]));
    world.check_folds().await;
}

#[tokio::test]
async fn secrets_differ_and_ninety_days_are_the_default() {
    let (world, admin, one) = with_key().await;
    let other = world.api_key(&admin, &["model:read"]).await;
    assert_ne!((one.id.clone(), part(&one, 3)), (other.id.clone(), part(&other, 3)));
    assert_ne!(part(&one, 3), part(&other, 3));
    let key = &list(&world, &admin).await[0];
    let ninety = world.now().plus_seconds(90 * DAY - 1).to_string();
    assert_eq!(key["expires_at"], ninety);
}

#[tokio::test]
async fn a_repeated_creation_is_answered_without_the_key() {
    let world = World::start();
    let admin = world.admin().await;
    let create = || world.call("createApiKey").by(&admin).json(&body()).key("k1");
    let first = create().send().await.expect(201);
    assert!(!first.is_replay());
    world.pass(60);
    let again = create().send().await.expect(201);
    assert!(again.is_replay());
    let mut expected = first.json();
    expected.as_object_mut().unwrap().remove("key").unwrap();
    assert_eq!(again.json(), expected);
    assert_eq!(world.events("api_key_created").await.len(), 1);

    let other = world.call("createApiKey").by(&admin).json(&json!({"name": "x", "scopes": ["model:read"]}));
    other.key("k1").send().await.problem(422, "idempotency_key_reused");
    // The answer must not show a key that was revoked meanwhile.
    let id = first.json()["id"].as_str().unwrap().to_owned();
    world.call("revokeApiKey").by(&admin).path("id", &id).send().await.expect(204);
    create().send().await.problem(410, "gone");
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!("a\nb")),
        ("name", json!("n".repeat(101))),
        ("scopes", json!([])),
        ("scopes", json!(["lead:read"])),
        ("scopes", json!(["api_key:manage"])),
        ("scopes", json!(["model:read", "*"])),
        ("scopes", json!(vec!["model:read"; 5])),
        ("expires_in_days", json!(0)),
        ("expires_in_days", json!(366)),
        ("expires_in_days", json!(-1)),
    ] {
        let mut body = body();
        body[field] = value.clone();
        let answer = world.call("createApiKey").by(&admin).json(&body).send().await.expect(400);
        assert_eq!(answer.fields(), [format!("/{field}")], "{value}");
    }
    let all =
        world.call("createApiKey").by(&admin).json(&json!({"name": "", "scopes": [], "expires_in_days": 0}));
    assert_eq!(all.send().await.expect(400).fields(), ["/name", "/scopes", "/expires_in_days"]);
    world.unchanged_since(&before).await;
    for days in [1, 365] {
        let mut body = body();
        body["expires_in_days"] = days.into();
        world.call("createApiKey").by(&admin).json(&body).send().await.expect(201);
    }
}

#[tokio::test]
async fn the_list_shows_the_organizations_keys_newest_first_and_the_revoked_too() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let other_admin = world.colleague(&admin, Role::Admin).await;
    let mut ids = Vec::new();
    for by in [&admin, &other_admin, &admin] {
        world.pass(60);
        ids.insert(0, world.api_key(by, &["model:read"]).await.id);
    }
    world.api_key(&stranger, &["model:read"]).await;
    world.call("revokeApiKey").by(&admin).path("id", &ids[1]).send().await.expect(204);
    let revoked_at = world.now().to_string();
    let keys = list(&world, &other_admin).await;
    assert_eq!(keys.iter().map(|key| key["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    let revoked: Vec<&Value> = keys.iter().map(|key| &key["revoked_at"]).collect();
    assert_eq!(revoked, [&Value::Null, &json!(revoked_at), &Value::Null]);
    let creators: BTreeSet<&str> = keys.iter().map(|key| key["created_by"].as_str().unwrap()).collect();
    assert_eq!(creators.len(), 2);

    // Reading page by page gives the same list, and a cursor works only for the caller who got it.
    let mut paged = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let call = world.call("listApiKeys").by(&admin).query("limit", "1");
        let call = match &cursor {
            Some(cursor) => call.query("cursor", cursor),
            None => call,
        };
        let page = call.send().await.expect(200).json();
        paged.extend(page["data"].as_array().unwrap().iter().map(|key| key["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        let stolen = world.call("listApiKeys").by(&other_admin).query("limit", "1").query("cursor", next);
        stolen.send().await.problem(400, "invalid_cursor");
        cursor = Some(next.to_owned());
    }
    assert_eq!(paged, ids);
}

#[tokio::test]
async fn a_key_is_let_in_as_what_it_is() {
    let (world, admin, key) = with_key().await;
    let policy = world.authorize(&key.text).await.unwrap();
    assert_eq!(policy["principalId"], key.id.as_str());
    assert_eq!(
        policy["context"],
        json!({
            "sub": admin.account.to_string(), "org_id": admin.tenant.to_string(), "role": "api_key",
            "key_id": key.id, "scopes": "completion:create model:read",
        })
    );
    assert_eq!(policy["policyDocument"]["Statement"][0]["Effect"], "Allow");
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_revoking_it_again_changes_nothing() {
    let (world, admin, key) = with_key().await;
    let other = world.api_key(&admin, &["model:read"]).await;
    world.authorize(&key.text).await.unwrap();
    let revoke = || world.call("revokeApiKey").by(&admin).path("id", &key.id).send();
    revoke().await.expect(204);
    // The process that accepted the key a moment ago does not accept it from memory.
    assert_eq!(world.authorize(&key.text).await.unwrap_err(), REFUSED);
    world.authorize(&other.text).await.unwrap();
    world.pass(60);
    let before = world.snapshot().await;
    revoke().await.expect(204);
    world.unchanged_since(&before).await;
    let events = world.events("api_key_revoked").await;
    assert_eq!((events.len(), events[0]["actor"]["S"].as_str()), (1, Some(&*admin.account.to_string())));
    world.check_folds().await;
}

#[tokio::test]
async fn another_organizations_key_is_revoked_like_a_missing_one() {
    let (world, _, key) = with_key().await;
    let stranger = world.admin().await;
    let before = world.snapshot().await;
    let revoke =
        |id: &str| world.call("revokeApiKey").by(&stranger).path("id", id).named("one and the same").send();
    let missing = revoke("apikey_01jd2x3c6hf9b5r1m8v4n7q2wk").await.problem(404, "not_found");
    assert_eq!(revoke(&key.id).await, missing);
    world.unchanged_since(&before).await;
    world.authorize(&key.text).await.unwrap();
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let (world, _, key) = with_key().await;
    world.pass(90 * DAY - 1);
    world.authorize(&key.text).await.unwrap();
    world.pass(1);
    assert_eq!(world.authorize(&key.text).await.unwrap_err(), REFUSED);
}

#[tokio::test]
async fn what_is_not_exactly_a_key_is_refused_like_any_bad_token() {
    let (world, admin, key) = with_key().await;
    let sibling = world.api_key(&admin, &["model:read"]).await;
    let stranger = world.admin().await;
    let foreign = world.api_key(&stranger, &["model:read"]).await;
    let before = world.snapshot().await;
    assert_eq!(world.authorize("not.a.token").await.unwrap_err(), REFUSED);
    let secret = part(&key, 3);
    let mut other = secret.clone().into_bytes();
    let last = other.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let other = String::from_utf8(other).unwrap();
    for (what, text) in [
        ("another secret", with_part(&key, 3, &other)),
        ("a sibling's secret", with_part(&key, 3, &part(&sibling, 3))),
        ("another organization", with_part(&key, 1, &part(&foreign, 1))),
        ("another organization's key under its own", with_part(&foreign, 1, &part(&key, 1))),
        ("an organization that is none", with_part(&key, 1, "01jd2wzq4sf1a6p8d2y7b9t3ge")),
        ("another key's id", with_part(&key, 2, &part(&sibling, 2))),
        ("no key's id", with_part(&key, 2, "01jd2x3c6hf9b5r1m8v4n7q2wk")),
        ("a malformed organization", with_part(&key, 1, "#")),
        ("a malformed id", with_part(&key, 2, "8zzzzzzzzzzzzzzzzzzzzzzzzz")),
        ("its prefix alone", key.text.rsplit_once('_').unwrap().0.to_owned()),
        ("an empty secret", with_part(&key, 3, "")),
        ("half of its secret", with_part(&key, 3, &secret[..32])),
        ("a longer secret", format!("{}0", key.text)),
        ("a part more", format!("{}_", key.text)),
        ("capital letters", format!("sxk_{}", key.text["sxk_".len()..].to_uppercase())),
        ("only how keys begin", "sxk_".to_owned()),
        ("ten thousand letters", format!("sxk_{}", "0".repeat(10_000))),
        ("the hash for the secret", with_part(&key, 3, &"a".repeat(64))),
    ] {
        assert_eq!(world.authorize(&text).await.unwrap_err(), REFUSED, "{what}");
    }
    // A guessed key does not record a use either.
    world.unchanged_since(&before).await;
    world.authorize(&key.text).await.unwrap();
}

#[tokio::test]
async fn a_key_outlives_the_role_of_its_creator_and_nothing_more() {
    // The key belongs to the organization. The current permissions of its creator do not matter, and it never has more
    // than its scopes.
    let world = World::start();
    let admin = world.admin().await;
    let key = world.api_key(&admin, &["model:read"]).await;
    let policy = world.authorize(&key.text).await.unwrap();
    for operation in ["listApiKeys", "createApiKey", "getProfile", "listLeads", "getOrganization", "logout"] {
        world.call(operation).let_in(&policy).send().await.problem(403, "forbidden");
    }
    assert_eq!(world.events("access_denied").await.len(), 6);
    assert_eq!(list(&world, &admin).await.len(), 1);
}

#[tokio::test]
async fn the_last_use_is_listed_to_the_hour() {
    let (world, admin, key) = with_key().await;
    let unused = world.api_key(&admin, &["model:read"]).await;
    let used = async || {
        let keys = list(&world, &admin).await;
        let of = |id: &str| keys.iter().find(|key| key["id"] == id).unwrap()["last_used_at"].clone();
        assert_eq!(of(&unused.id), Value::Null);
        of(&key.id)
    };
    assert_eq!(used().await, Value::Null);
    let first = world.now().to_string();
    world.authorize(&key.text).await.unwrap();
    assert_eq!(used().await, first);
    // Within the hour no process writes the use again.
    world.pass(3000);
    world.authorize(&key.text).await.unwrap();
    world.authorize_cold(&key.text).await.unwrap();
    assert_eq!(used().await, first);
    world.pass(600);
    let second = world.now().to_string();
    world.authorize_cold(&key.text).await.unwrap();
    assert_eq!(used().await, second);
    world.authorize(&key.text).await.unwrap();
    assert_eq!(used().await, second);
    // The data of a revoked key is still shown.
    world.call("revokeApiKey").by(&admin).path("id", &key.id).send().await.expect(204);
    assert_eq!(used().await, second);
}

#[tokio::test]
async fn a_use_that_can_not_be_noted_does_not_matter() {
    let (world, _, key) = with_key().await;
    let wire = world.environment().wire();
    for _ in 0..20 {
        wire.fail_next("UpdateItem", Fault::Answer(500, json!({"__type": "InternalServerError"})));
    }
    let (policy, lines) = edge::log::capture(world.authorize(&key.text)).await;
    assert!(policy.is_ok());
    assert!(wire.faults_left() < 20, "nothing was to be noted");
    assert!(lines.concat().contains("was not noted") && !lines.concat().contains("sxk_"), "{lines:?}");

    let (world, _, key) = with_key().await;
    world.environment().wire().fail_next("UpdateItem", Fault::Delay(Duration::from_secs(20)));
    let began = Instant::now();
    world.authorize(&key.text).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_store_that_does_not_answer_lets_nobody_in_and_says_so() {
    let (world, _, key) = with_key().await;
    for _ in 0..20 {
        world
            .environment()
            .wire()
            .fail_next("GetItem", Fault::Answer(500, json!({"__type": "InternalServerError"})));
    }
    assert_eq!(world.authorize(&key.text).await.unwrap_err(), "Unavailable");
}

#[tokio::test]
async fn no_log_line_holds_a_key() {
    let world = World::start();
    let admin = world.admin().await;
    let create = || world.call("createApiKey").by(&admin).json(&body()).send();
    let (created, mut lines) = edge::log::capture(create()).await;
    let text = created.expect(201).json()["key"].as_str().unwrap().to_owned();
    let wrong = format!("{}0", &text[..text.len() - 1]);
    for token in [&text, &wrong, &text[..40].to_owned()] {
        let (_, more) = edge::log::capture(world.authorize(token)).await;
        lines.extend(more);
    }
    let header = format!("Bearer {text}");
    let call = world.call("listApiKeys").by(&admin).header("Authorization", &header);
    let (_, more) = edge::log::capture(call.send()).await;
    lines.extend(more);
    assert_eq!(lines.len(), 5, "{lines:?}");
    let secret = text.rsplit_once('_').unwrap().1;
    assert!(!lines.concat().contains("sxk_") && !lines.concat().contains(secret), "{lines:?}");
}

#[tokio::test]
async fn an_organization_has_a_hundred_usable_keys_and_makes_fifty_a_day() {
    let world = World::start();
    let admin = world.admin().await;
    let create = |key: String| world.call("createApiKey").by(&admin).json(&body()).key(&key).send();
    let mut last = Value::Null;
    for day in 0..2 {
        for number in 0..50 {
            last = create(format!("{day}-{number}")).await.expect(201).json();
        }
        let refused = create(format!("{day}-51")).await.problem(429, "rate_limited");
        assert!(refused.header("RateLimit").unwrap().starts_with("\"new_api_keys\";r=0"));
        assert_eq!(refused.json()["detail"], "The limit new_api_keys allows 50 requests in 86400 seconds.");
        world.pass(if day == 0 { DAY } else { 2 * 3600 });
    }
    let refused = create("one-more".to_owned()).await.problem(409, "conflict");
    assert!(refused.json()["detail"].as_str().unwrap().contains("100 API keys"), "{refused:?}");
    // The request that created the hundredth key may be repeated; a refused one may be sent again when there is room.
    let again = create("1-49".to_owned()).await.expect(201);
    assert_eq!((again.is_replay(), &again.json()["id"]), (true, &last["id"]));
    world.call("revokeApiKey").by(&admin).path("id", last["id"].as_str().unwrap()).send().await.expect(204);
    assert!(!create("one-more".to_owned()).await.expect(201).is_replay());
    // Expired keys do not count.
    world.pass(31 * DAY);
    create("later".to_owned()).await.expect(201);
}
