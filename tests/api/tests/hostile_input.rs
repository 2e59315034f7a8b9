//! Every hostile input is answered by a problem that names the error without repeating the input, and nothing is
//! written.

mod parameters;
mod values;

use api_tests::{Call, Contract, Operation, Person, World, lead_body, sample};
use domain::tenancy::Role;
use serde_json::{Map, Value, json};
use values::wrong_values;

/// Part of every hostile value, so that an answer that repeats the value is noticed.
const MARK: &str = "zq9x7";

struct Scene {
    world: World,
    person: Person,
    lead: String,
    notification: String,
    api_key: String,
    member: String,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        // The form of the answer does not matter here.
        world.model().script.always("{\"country\": \"France\"}");
        let person = world.admin().await;
        world.sign_in(&person).await;
        let lead = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
        let notification = world.notification(&person).await;
        let api_key = world.api_key(&person, &["model:read"]).await.id;
        let member = world.colleague(&person, Role::SalesRep).await.account.to_string();
        Self { world, person, lead, notification, api_key, member }
    }

    /// A valid request, which the test then changes.
    fn request(&self, operation: &Operation) -> Call<'_> {
        // The time passes so that no rate limit is reached.
        self.world.pass(1000);
        let call = self.world.call(&operation.id);
        let call = if operation.public { call } else { call.by(&self.person) };
        let call = if operation.path.starts_with("/v1/leads/{id}") {
            call.path("id", &self.lead)
        } else if operation.path.starts_with("/v1/notifications/{id}") {
            call.path("id", &self.notification)
        } else if operation.path.starts_with("/v1/api-keys/{id}") {
            call.path("id", &self.api_key)
        } else if operation.path.starts_with("/v1/auth/sessions/{id}") {
            call.path("id", &self.person.session.to_string())
        } else if operation.path.starts_with("/v1/members/{id}") {
            call.path("id", &self.member)
        } else if operation.path.starts_with("/v1/auth/passkeys/{id}") {
            call.path("id", "passkey_01jd2x7d5qf8k1s4w9m3v6r0tc")
        } else {
            call
        };
        match operation.id.as_str() {
            "updateLead" | "updateMember" => call.if_match(1),
            "updateBudget" => call.if_match(0),
            "updateProfile" => call.header("If-Match", "*"),
            _ => call,
        }
    }

    async fn refused(&self, operation: &Operation, call: Call<'_>, field: &str, what: &str) {
        let answer = call.send().await;
        let place = format!("{} {field} {what}: {}", operation.id, answer.body);
        assert_eq!(answer.status, 400, "{place}");
        // The field, or a part of it.
        let within = format!("{field}/");
        assert!(answer.fields().iter().any(|named| named == field || named.starts_with(&within)), "{place}");
        assert!(!answer.body.contains(MARK), "{place}");
    }
}

fn with_body() -> impl Iterator<Item = &'static Operation> {
    Contract::get().operations().iter().filter(|operation| operation.body.is_some())
}

/// The largest body in bytes: a prompt may be as long as the context of its model.
fn largest_body(operation: &Operation) -> usize {
    match operation.id.as_str() {
        "createCompletion"
        | "createEmbedding"
        | "createOpenaiEmbedding"
        | "createChatCompletion"
        | "createResponse"
        | "createMessage"
        | "countMessageTokens"
        | "countResponseTokens" => 2 * 1024 * 1024,
        _ => 256 * 1024,
    }
}

/// The body of the operation's sample.
fn good_body(operation: &Operation) -> Map<String, Value> {
    let function: String = operation
        .id
        .chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] })
        .collect();
    let event = sample(&operation.context, &function);
    serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
}

fn properties(operation: &Operation) -> Map<String, Value> {
    let all = operation.body.as_ref().unwrap()["properties"].as_object().unwrap().clone();
    // Read-only fields are compared with the stored values; they have their own tests.
    all.into_iter().filter(|(_, schema)| schema["readOnly"] != true).collect()
}

fn is_nullable(schema: &Value) -> bool {
    schema["type"].is_array()
}

fn kind(schema: &Value) -> &str {
    schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("anything")
}

#[tokio::test]
async fn every_field_of_every_body_is_checked_and_named() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    let mut cases = 0;
    for operation in with_body() {
        for (field, schema) in properties(operation) {
            for wrong in wrong_values(&schema) {
                let mut body = good_body(operation);
                body.insert(field.clone(), wrong.clone());
                let call = scene.request(operation).json(&body.into());
                scene.refused(operation, call, &format!("/{field}"), &wrong.to_string()).await;
                cases += 1;
            }
        }
        // A body may need no field.
        for field in operation.body.as_ref().unwrap()["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            let mut body = good_body(operation);
            body.remove(field);
            let call = scene.request(operation).json(&body.into());
            scene.refused(operation, call, &format!("/{field}"), "left out").await;
        }
    }
    assert!(cases > 150, "{cases}");
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn nul_is_refused_in_every_text() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    for operation in with_body() {
        for (field, schema) in
            properties(operation).into_iter().filter(|(_, schema)| kind(schema) == "string")
        {
            let mut body = good_body(operation);
            let text = format!("{}\0{MARK}", body.get(&field).and_then(Value::as_str).unwrap_or("x"));
            body.insert(field.clone(), text.into());
            let call = scene.request(operation).json(&body.into());
            match (operation.id.as_str(), field.as_str()) {
                // These values are only compared and never stored, so any character is allowed and the value is just
                // wrong.
                ("login", "email" | "password")
                | ("refreshSession", _)
                | ("verifyMfa", "challenge_id" | "code") => drop(call.send().await.expect(401)),
                ("resetPassword" | "verifyEmail", "token") => {
                    drop(call.send().await.problem(400, "invalid_token"))
                }
                _ => scene.refused(operation, call, &format!("/{field}"), &format!("NUL in {schema}")).await,
            }
        }
    }
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn an_unknown_or_a_repeated_field_is_named() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    for operation in with_body() {
        for name in ["extra", "__proto__", "Company_Name", "owner_id", "version", "score"] {
            let mut body = good_body(operation);
            body.insert(name.to_owned(), MARK.into());
            let call = scene.request(operation).json(&body.into());
            scene.refused(operation, call, &format!("/{name}"), "unknown").await;
        }
        for (field, value) in good_body(operation) {
            let good = Value::from(good_body(operation)).to_string();
            let body = format!("{},{}:{value}}}", good.strip_suffix('}').unwrap(), json!(field));
            scene
                .refused(operation, scene.request(operation).text(&body), &format!("/{field}"), "twice")
                .await;
        }
    }
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn what_is_no_json_object_of_the_right_size_is_refused() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    for operation in with_body() {
        let good = Value::from(good_body(operation)).to_string();
        let padded = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
        let texts = [
            "",
            " ",
            "{",
            "nul",
            "undefined",
            "[]",
            "7",
            "\"x\"",
            "null",
            "{}{}",
            "{'a': 1}",
            "{\"a\": NaN}",
            "\u{feff}{}",
            "<xml/>",
            "a=b&c=d",
        ];
        for text in texts {
            let answer = scene.request(operation).text(text).send().await;
            assert_eq!(answer.status, 400, "{} {text:?}: {}", operation.id, answer.body);
        }
        let deepest = if largest_body(operation) > 256 * 1024 { 120 } else { 32 };
        for levels in [deepest + 1, deepest + 2, 1000, 100_000] {
            let answer = scene.request(operation).text(&deep(levels)).send().await.expect(400);
            assert!(answer.body.contains("objects and lists in each other"), "{}", answer.body);
        }
        scene.request(operation).no_body().send().await.expect(400);
        let largest = largest_body(operation);
        scene.request(operation).text(&padded(largest + 1)).send().await.problem(413, "body_too_large");
        let large = format!("{{\"company_name\":\"{}\"}}", "x".repeat(largest));
        scene.request(operation).text(&large).send().await.problem(413, "body_too_large");

        let mut broken = good.clone().into_bytes();
        let quote = broken.iter().rposition(|byte| *byte == b'"').unwrap();
        for invalid in [&[0xff][..], &[0xc0, 0x80], &[0xed, 0xa0, 0x80], &[0xf5, 0x80, 0x80, 0x80]] {
            broken.splice(quote..quote, invalid.iter().copied());
            scene.request(operation).bytes(&broken).send().await.problem(400, "invalid_request");
        }

        let surrogate = good.replacen(':', ":\"\\ud800\",\"x\":", 1);
        let answer = scene.request(operation).text(&surrogate).send().await.expect(400);
        assert!(answer.body.contains("unpaired surrogate"), "{}", answer.body);
        let charset = "application/json; charset=iso-8859-1";
        let call = scene.request(operation).text(&good).header("Content-Type", charset);
        call.send().await.problem(415, "unsupported_media_type");

        for media_type in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx", "*/*"]
        {
            let call = scene.request(operation).text(&good).header("Content-Type", media_type);
            call.send().await.problem(415, "unsupported_media_type");
        }
        let call = scene.request(operation).text(&good).without_header("Content-Type");
        call.send().await.problem(415, "unsupported_media_type");
    }
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_body_of_the_largest_size_and_depth_is_read() {
    let scene = Scene::start().await;
    let body = lead_body().to_string();
    let body = format!("{body}{}", " ".repeat(256 * 1024 - body.len()));
    let call = scene.world.call("createLead").by(&scene.person).text(&body);
    call.send().await.expect(201);
    let call = scene.world.call("createLead").by(&scene.person).bytes(lead_body().to_string().as_bytes());
    call.header("Content-Type", "Application/JSON; charset=utf-8").send().await.expect(201);
}

#[tokio::test]
async fn a_body_where_none_is_asked_for_changes_nothing() {
    let scene = Scene::start().await;
    for operation in Contract::get().operations().iter().filter(|operation| operation.body.is_none()) {
        for body in ["{\"role\":\"admin\"}", "\0", &"[".repeat(100_000)] {
            let answer = scene.request(operation).text(body).send().await;
            let gone = [
                "/v1/leads/{id}",
                "/v1/ai/fine-tunes/{id}",
                "/v1/batches/{id}",
                "/v1/jobs/{id}",
                "/v1/auth/passkeys/{id}",
                "/v1/auth/mfa/recovery-codes",
            ]
            .iter()
            .any(|path| operation.path.starts_with(path));
            assert!(
                answer.status < 300 || (gone && answer.status == 404),
                "{} {}",
                operation.id,
                answer.body
            );
        }
    }
}
