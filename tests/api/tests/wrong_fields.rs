//! An answer 400 names every wrong field, however many there are and whatever is wrong with them.

use api_tests::{Call, Contract, Operation, Person, World, lead_body, sample};
use serde_json::{Map, Value, json};

struct Scene {
    world: World,
    person: Person,
    lead: String,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        let person = world.admin().await;
        let lead = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
        Self { world, person, lead }
    }

    fn request(&self, operation: &Operation) -> Call<'_> {
        // The time passes so that no rate limit is reached.
        self.world.pass(1000);
        let call = self.world.call(&operation.id);
        let call = if operation.public { call } else { call.by(&self.person) };
        match operation.id.as_str() {
            "updateLead" => call.path("id", &self.lead).if_match(1),
            "updateMember" => call.path("id", &self.person.account.to_string()).if_match(1),
            "updateBudget" => call.if_match(0),
            _ => call,
        }
    }

    /// The fields named by the answer to this body. An error in the format of OpenAI or Anthropic is one text, which
    /// names all of them.
    async fn named(&self, operation: &Operation, body: &Map<String, Value>) -> Named {
        let answer = self.request(operation).json(&body.clone().into()).send().await;
        assert_eq!(answer.status, 400, "{} {}", operation.id, answer.body);
        Named {
            fields: answer.fields(),
            in_text: answer.json()["error"]["message"].as_str().map(str::to_owned),
        }
    }
}

#[derive(Debug)]
struct Named {
    fields: Vec<String>,
    in_text: Option<String>,
}

impl Named {
    fn has(&self, field: &str) -> bool {
        match &self.in_text {
            Some(message) => {
                message.contains(&format!("{field}: ")) || message.contains(&format!("{field}."))
            }
            None => {
                self.fields.iter().any(|named| named.trim_start_matches('/').split('/').next() == Some(field))
            }
        }
    }
}

fn with_body() -> impl Iterator<Item = &'static Operation> {
    Contract::get().operations().iter().filter(|operation| operation.body.is_some())
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

fn required(operation: &Operation) -> Vec<&str> {
    // A body may need no member.
    let required = operation.body.as_ref().unwrap()["required"].as_array();
    required.into_iter().flatten().map(|name| name.as_str().unwrap()).collect()
}

/// The members with a known type, each with a value of another type.
fn mistyped(operation: &Operation) -> Vec<(String, Value)> {
    let properties = operation.body.as_ref().unwrap()["properties"].as_object().unwrap();
    let settable = properties.iter().filter(|(_, schema)| schema["readOnly"] != true);
    settable
        .filter_map(|(name, schema)| {
            let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str())?;
            let wrong = match kind {
                "string" => json!([7]),
                "array" | "object" => json!(7),
                _ => json!({"a": [1]}),
            };
            Some((name.clone(), wrong))
        })
        .collect()
}

#[tokio::test]
async fn all_members_that_are_missing_are_named_at_once() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    for operation in with_body().filter(|operation| !required(operation).is_empty()) {
        let named = scene.named(operation, &Map::new()).await;
        for name in required(operation) {
            assert!(named.has(name), "{} {name}: {named:?}", operation.id);
        }
    }
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_missing_member_does_not_hide_a_mistyped_one_nor_an_unknown_one() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    let mut cases = 0;
    for operation in with_body() {
        for missing in required(operation) {
            let mut body = good_body(operation);
            let mut expected = vec!["surplus".to_owned(), "more_surplus".to_owned()];
            body.insert("surplus".to_owned(), json!({"deep": [1]}));
            body.insert("more_surplus".to_owned(), Value::Null);
            for (name, wrong) in mistyped(operation) {
                body.insert(name.clone(), wrong);
                expected.push(name);
            }
            body.remove(missing);
            // OpenAI's format accepts null as an absent field, whatever the field is.
            if operation.id == "createChatCompletion" {
                expected.retain(|name| name != "more_surplus");
            }
            let named = scene.named(operation, &body).await;
            for name in expected.iter().map(String::as_str).chain([missing]) {
                assert!(named.has(name), "{} without {missing}: {name}: {named:?}", operation.id);
                cases += 1;
            }
        }
    }
    assert!(cases > 100, "{cases}");
    scene.world.unchanged_since(&before).await;
}

/// An error that only the domain finds is reported together with fields of a wrong form.
#[tokio::test]
async fn a_wrong_form_does_not_hide_a_wrong_value() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    for (operation, wrong, fields) in [
        (
            "createLead",
            json!({"industry": 7, "company_size": 0, "contact_email": "nobody", "status": "old", "notes": "a\0b"}),
            &["/company_name", "/industry", "/company_size", "/contact_email", "/status", "/notes"][..],
        ),
        (
            "updateLead",
            json!({"company_name": " ", "contact_email": "nobody", "score": 1, "colour": "red"}),
            &["/status", "/company_name", "/contact_email", "/colour"],
        ),
        (
            "registerAccount",
            json!({"email": "nobody", "password": "short", "name": 7}),
            &["/email", "/password", "/name", "/organization_name"],
        ),
        ("login", json!({"email": "", "pin": 1}), &["/email", "/password", "/pin"]),
        ("refreshSession", json!({"token": "x", "refresh_token": ""}), &["/refresh_token", "/token"]),
        ("updateMember", json!({"role": "root", "colour": "red"}), &["/role", "/status", "/colour"]),
        (
            "createApiKey",
            json!({"scopes": ["ai"], "expires_in_days": 0}),
            &["/name", "/scopes", "/expires_in_days"],
        ),
        (
            "updateBudget",
            json!({"tenant_month_usd": "much", "tenant_day_usd": 5, "user_day_usd": "1.0", "expected_month_usd": "1",
                "feature_month_usd": {"cooking": "1"}, "chains": {"proposal": [7]}, "mask_personal_data": "yes"}),
            &[
                "/tenant_month_usd",
                "/tenant_day_usd",
                "/feature_month_usd",
                "/chains/proposal/0",
                "/mask_personal_data",
            ],
        ),
        (
            "createFineTune",
            json!({"name": "", "hyper_parameters": {"epoch_count": 9, "speed": 1}, "training_file": {"bytes": 0}}),
            &[
                "/name",
                "/base_model",
                "/hyper_parameters/epoch_count",
                "/hyper_parameters/speed",
                "/training_file/bytes",
                "/training_file/sha256",
            ],
        ),
        (
            "exportAuditEntries",
            json!({"from": "yesterday", "to": 7, "actor": "ada@northwind.example", "action": "Lead", "sort": "x"}),
            &["/from", "/to", "/actor", "/action", "/sort"],
        ),
        (
            "scoreLeads",
            json!({"lead_ids": ["lead_", 7, "x"]}),
            &["/lead_ids/0", "/lead_ids/1", "/lead_ids/2"],
        ),
        (
            "createCompletion",
            json!({"messages": [{"role": "user"}, {"role": "robot", "content": "x"}, {"role": "user", "content": " "}],
                "temperature": 9, "top_p": "all", "model": ""}),
            &[
                "/messages/0/content",
                "/messages/1/role",
                "/messages/2/content",
                "/temperature",
                "/top_p",
                "/model",
            ],
        ),
        (
            "createEmbedding",
            json!({"texts": ["a", "", 7], "dimensions": 0, "input_type": "question"}),
            &["/model", "/texts/1", "/texts/2", "/dimensions", "/input_type"],
        ),
    ] {
        let operation = Contract::get().operation(operation);
        let answer = scene.request(operation).json(&wrong).send().await.problem(400, "invalid_request");
        let mut named = answer.fields();
        named.sort();
        let mut expected: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        expected.sort();
        assert_eq!(named, expected, "{} {}", operation.id, answer.body);
        assert_eq!(answer.json()["detail"], format!("{} fields are wrong.", fields.len()));
    }
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn errors_of_other_formats_name_every_wrong_field_in_their_text() {
    let scene = Scene::start().await;
    for (operation, wrong, message) in [
        (
            "createChatCompletion",
            json!({"model": "auto", "messages": [{"role": "user", "content": "x"}], "n": 2, "temperature": 9,
                "colour": "red", "top_p": "all"}),
            "top_p: must be a number; n: must be 1; colour: is not a field of this body; \
             temperature: must be 0 to 2",
        ),
        (
            "createOpenaiEmbedding",
            json!({"colour": "red", "dimensions": 0}),
            "model: must be given; input: must be given; colour: is not a field of this body; \
             dimensions: must be 1 to 4096",
        ),
        (
            "createMessage",
            json!({"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], "top_k": 2,
                "temperature": 9, "colour": "red", "top_p": "all"}),
            "top_p: must be a number; top_k: is not supported: use top_p or temperature; \
             colour: is not a field of this body; temperature: must be 0 to 1",
        ),
    ] {
        let answer = scene.world.call(operation).by(&scene.person).json(&wrong).send().await.expect(400);
        assert_eq!(answer.json()["error"]["message"], message);
    }
}

#[tokio::test]
async fn a_member_that_is_given_twice_does_not_hide_the_others() {
    let scene = Scene::start().await;
    let body = r#"{"industry":"a","notes":"b","industry":"c","notes":"d","company_size":"many"}"#;
    let answer = scene.world.call("createLead").by(&scene.person).text(body).send().await.expect(400);
    assert_eq!(answer.fields(), ["/industry", "/notes", "/company_name", "/company_size"]);
}

#[tokio::test]
async fn an_unknown_scope_is_answered_by_those_that_there_are() {
    let scene = Scene::start().await;
    let create = async |scopes: Value| {
        let body = json!({"name": "importer", "scopes": scopes});
        let answer = scene.world.call("createApiKey").by(&scene.person).json(&body).send().await.expect(400);
        answer.json()["errors"].clone()
    };
    let known = "known scopes are completion:create, embedding:create, model:read, flag:read";
    for (scopes, message) in [
        (json!(["ai"]), format!("unknown scope `ai`; {known}")),
        (json!(["model:read", "lead:read", "ai"]), format!("unknown scopes `lead:read`, `ai`; {known}")),
        // A text that does not look like a scope is not repeated.
        (json!(["<b>Grace Hopper</b>"]), format!("unknown scope; {known}")),
    ] {
        let expected = json!([{"field": "/scopes", "code": "unknown", "message": message}]);
        assert_eq!(create(scopes).await, expected);
    }
}

#[tokio::test]
async fn all_parameters_that_are_wrong_are_named_at_once() {
    let scene = Scene::start().await;
    let mut routes = 0;
    for operation in Contract::get().operations() {
        // The content of a cursor has its own checks.
        let names: Vec<&str> = operation
            .parameters_in("query")
            .map(|parameter| parameter.name.as_str())
            .filter(|name| *name != "cursor")
            .collect();
        if names.is_empty() {
            continue;
        }
        let mut call = scene.request(operation).query("surplus", "1").query("more_surplus", "1");
        for name in &names {
            call = call.query(name, "").query(name, "");
        }
        let answer = call.send().await.problem(400, "invalid_request");
        let mut expected = [&["surplus", "more_surplus"], names.as_slice()].concat();
        expected.sort_unstable();
        // Other formats than problem documents name a parameter like a field of the body, too.
        let mut named = answer.fields();
        named.retain(|field| !field.starts_with('/'));
        named.sort();
        assert_eq!(named, expected, "{}", operation.id);
        routes += 1;
    }
    assert!(routes >= 5, "{routes}");
}

#[tokio::test]
async fn an_unescaped_plus_in_a_time_is_explained() {
    let scene = Scene::start().await;
    let list =
        |from: &str| scene.world.call("listLeads").by(&scene.person).query("created_from", from).send();
    // The gateway decodes a plus as a space.
    let answer = list("2026-01-01T00:00:00 01:00").await.problem(400, "invalid_request");
    assert_eq!(
        answer.json()["errors"],
        json!([{"field": "created_from", "code": "format",
            "message": "must be an RFC 3339 date-time; write the plus of its offset as %2B, because a plus means a space"}])
    );
    list("2026-01-01T00:00:00+01:00").await.expect(200);
    let answer = list("1 January").await.problem(400, "invalid_request");
    assert_eq!(answer.json()["errors"][0]["message"], "must be an RFC 3339 date-time");
}
