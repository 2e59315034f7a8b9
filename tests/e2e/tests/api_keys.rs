//! API keys end to end: the authorizer accepts a key by its record, routes beyond its scopes refuse it, and it ends
//! when it is revoked. Everything runs with the real roles, so a missing permission of the authorizer fails here.

use e2e_tests::{Client, Organization, events_of, eventually};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// The organization of the tests here. It has no money for models.
pub(crate) fn organization() -> &'static Organization {
    static OWN: OnceLock<Organization> = OnceLock::new();
    OWN.get_or_init(|| Organization::register("api-keys"))
}

fn create(name: &str) -> Value {
    let body = json!({"name": name, "scopes": ["completion:create", "model:read"], "expires_in_days": 7});
    organization().admin.post("/v1/api-keys", &body).json(201)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// The list's entry of a key.
fn listed(id: &str) -> Value {
    let page = organization().admin.get("/v1/api-keys?limit=100").json(200);
    page["data"].as_array().unwrap().iter().find(|key| key["id"] == id).unwrap().clone()
}

#[test]
fn a_key_is_let_in_and_may_do_what_its_scopes_say_and_nothing_else() {
    let created = create("let in");
    let id = text(&created, "id");
    assert_eq!(listed(id)["last_used_at"], Value::Null);
    let program = Client::with_token(text(&created, "key"));
    // The gateway accepts the key and the function refuses it: a bad key would be answered 401.
    for path in
        ["/v1/leads", "/v1/users/profile", "/v1/organizations/current", "/v1/notifications", "/v1/api-keys"]
    {
        program.get(path).problem(403, "forbidden");
    }
    let body = json!({"name": "another", "scopes": ["model:read"]});
    program.post("/v1/api-keys", &body).problem(403, "forbidden");
    let events = events_of(&organization().id);
    let denied = events.iter().filter(|event| event["event_type"] == "access_denied" && event["actor"] == id);
    assert_eq!(denied.count(), 6);
    eventually("the last use of the key", 20, Duration::from_secs(1), || {
        listed(id)["last_used_at"].is_string().then_some(())
    });
}

/// Anthropic's clients send their key in this header and no `Authorization`.
#[test]
fn a_key_is_taken_in_its_own_header_by_the_routes_that_name_it() {
    let created = create("own header");
    let key = text(&created, "key");
    let nobody = Client::anonymous();
    let get = |client: &Client, path: &str, key: &str| client.send("GET", path, &[("x-api-key", key)], None);
    let models = get(&nobody, "/v1/models", key).json(200);
    let one = models["data"][0]["id"].as_str().unwrap();
    for path in [format!("/v1/models/{one}"), format!("/v1/models/{}", one.replace(':', "%3A"))] {
        assert_eq!(get(&nobody, &path, key).json(200), models["data"][0], "{path}");
    }
    let program = Client::with_token(key);
    for client in [&program, &organization().admin] {
        assert_eq!(client.get("/v1/models").json(200), models);
    }
    get(&program, "/v1/models", key).expect(200);
    nobody.send("HEAD", "/v1/models", &[("x-api-key", key)], None).expect(200);

    // Two different credentials, a wrong one, or none; the second answer is that of the first.
    let wrong = format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { '1' } else { '0' });
    for _ in 0..2 {
        get(&organization().admin, "/v1/models", key).problem(401, "unauthenticated");
        get(&program, "/v1/models", &wrong).problem(401, "unauthenticated");
        get(&nobody, "/v1/models", &wrong).problem(401, "unauthenticated");
        nobody.get("/v1/models").problem(401, "unauthenticated");
    }
    get(&nobody, "/v1/models", key).expect(200);

    // Other routes take a key in `Authorization` alone, and read no other header.
    get(&nobody, "/v1/ai/models", key).problem(401, "unauthenticated");
    get(&program, "/v1/ai/models", "another").expect(200);
}

#[test]
fn a_key_with_a_wrong_secret_is_a_bad_token() {
    let created = create("wrong secret");
    let key = text(&created, "key");
    let (rest, secret) = key.rsplit_once('_').unwrap();
    let turned: String = secret.chars().rev().collect();
    for wrong in [format!("{rest}_{turned}"), rest.to_owned(), format!("{key}0"), "sxk_".to_owned()] {
        Client::with_token(&wrong).get("/v1/leads").problem(401, "unauthenticated");
    }
}

#[test]
fn a_revoked_key_is_let_in_no_more() {
    let created = create("revoked");
    let (id, key) = (text(&created, "id"), Client::with_token(text(&created, "key")));
    key.get("/v1/leads").problem(403, "forbidden");
    let admin = &organization().admin;
    for _ in 0..2 {
        admin.delete(&format!("/v1/api-keys/{id}")).expect(204);
    }
    assert!(listed(id)["revoked_at"].is_string());
    // The gateway keeps the authorizer's answer for a minute.
    eventually("the end of the key", 90, Duration::from_secs(5), || {
        (key.get("/v1/leads").status == 401).then_some(())
    });
}

#[test]
fn a_repeated_creation_tells_the_key_once() {
    let admin = &organization().admin;
    let body = json!({"name": "repeated", "scopes": ["model:read"]});
    let headers = [("Idempotency-Key", "one-key-and-no-more")];
    let first = admin.post_with("/v1/api-keys", &headers, &body).json(201);
    let again = admin.post_with("/v1/api-keys", &headers, &body).json(201);
    assert_eq!(first["id"], again["id"]);
    assert!(first["key"].is_string() && again.get("key").is_none());
}
