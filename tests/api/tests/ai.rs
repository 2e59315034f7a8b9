//! The AI gateway's routes: the prompt that a model gets, its answer in both wire formats, and the cost.

mod cut_streams;
mod embeddings;
mod enforcement;
mod message_clients;
mod message_edits;
mod message_faults;
mod message_options;
mod message_streams;
mod message_tokens;
mod messages;
mod openai;
mod random_schemas;
mod reasoning;
mod remote_files;
mod response_tokens;
mod responses;
mod streams;
mod tool_choices;
mod tools;
mod wires;

use api_tests::{Answer, Person, World};
use ports::{ModelError, Role};
use serde_json::{Value, json};

const NOVA: &str = "amazon.nova-pro-v1:0";
const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const TITAN: &str = "amazon.titan-embed-text-v2:0";

struct Scene {
    world: World,
    person: Person,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        let person = world.admin().await;
        Self { world, person }
    }

    async fn ask(&self, operation: &str, body: &Value) -> Answer {
        self.world.call(operation).by(&self.person).json(body).send().await
    }

    async fn ask_with(&self, operation: &str, cache: &str, body: &Value) -> Answer {
        let call = self.world.call(operation).by(&self.person).header("Cache-Control", cache);
        call.json(body).send().await
    }

    fn asked(&self) -> usize {
        self.world.model().script.calls().len()
    }
}

fn question(text: &str) -> Value {
    json!({"model": NOVA, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn an_answer_says_what_it_is_and_cost() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("A wren.");
    let answer = scene.ask("createCompletion", &question("Name a bird.")).await.expect(200);
    let body = answer.json();
    assert_eq!(
        (&body["text"], &body["model"], &body["stop_reason"]),
        (&json!("A wren."), &json!(NOVA), &json!("end_turn"))
    );
    // 1,000 tokens at $0.80 and 200 at $3.20 a million.
    assert_eq!(body["cost_usd"], "0.001440000");
    for (header, value) in [
        ("x-sextant-model", NOVA),
        ("x-sextant-provider", "bedrock"),
        ("x-sextant-cache", "bypass"),
        ("x-sextant-attempts", "1"),
        ("x-sextant-cost-usd", "0.001440000"),
        ("x-ratelimit-limit-requests", "60"),
    ] {
        assert_eq!(answer.header(header), Some(value), "{header}");
    }
    let metered = scene.world.events("ai_request_metered").await;
    assert_eq!(metered.len(), 1);
    assert_eq!(metered[0]["data"]["M"]["cost_nano_usd"]["N"], "1440000");
    assert_eq!(metered[0]["data"]["M"]["outcome"]["S"], "answered");
}

#[tokio::test]
async fn without_a_model_the_chain_answers_and_a_named_one_answers_alone() {
    let scene = Scene::start().await;
    scene.world.model().script.fail(ModelError::NoSuchModel);
    scene.world.model().script.answer("From the second.");
    let body = json!({"messages": [{"role": "user", "content": "Hello"}]});
    let answer = scene.ask("createCompletion", &body).await.expect(200).json();
    assert_eq!((&answer["model"], &answer["attempts"]), (&json!("us.amazon.nova-pro-v1:0"), &json!(2)));
    scene.world.model().script.fail(ModelError::NoSuchModel);
    scene.ask("createCompletion", &question("Hello")).await.problem(404, "model_not_found");
    assert_eq!(scene.asked(), 3);
}

#[tokio::test]
async fn a_question_without_chance_is_answered_once_and_then_for_free() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("A wren.");
    let mut body = question("Name a bird.");
    body["temperature"] = json!(0);
    let first = scene.ask("createCompletion", &body).await.expect(200);
    assert_eq!(first.header("x-sextant-cache"), Some("miss"));
    let second = scene.ask("createCompletion", &body).await.expect(200);
    assert_eq!((second.header("x-sextant-cache"), scene.asked()), (Some("hit"), 1));
    let (first, second) = (first.json(), second.json());
    assert_eq!((&second["text"], &second["usage"]), (&first["text"], &first["usage"]));
    assert_eq!((&second["cost_usd"], &second["attempts"]), (&json!("0.000000000"), &json!(0)));
    // Another tenant sends the same prompt and must not get the cached answer.
    let other = scene.world.admin().await;
    scene.world.model().script.answer("An owl.");
    let theirs = scene.world.call("createCompletion").by(&other).json(&body).send().await.expect(200);
    assert_eq!((theirs.json()["text"].as_str(), scene.asked()), (Some("An owl."), 2));
    // After an hour the answer has expired, although nothing was purged.
    scene.world.pass(3601);
    scene.world.model().script.answer("A robin.");
    assert_eq!(scene.ask("createCompletion", &body).await.expect(200).json()["text"], "A robin.");
    assert_eq!(scene.world.events("ai_request_metered").await.len(), 4);
}

#[tokio::test]
async fn cache_control_is_honoured() {
    let scene = Scene::start().await;
    let body = question("Name a bird.");
    scene.world.model().script.answer("one");
    let first = scene.ask_with("createCompletion", "max-age=600", &body).await.expect(200);
    assert_eq!(first.header("x-sextant-cache"), Some("miss"));
    scene.world.pass(500);
    assert_eq!(scene.ask_with("createCompletion", "max-age=600", &body).await.json()["text"], "one");
    // The answer is too old for this caller. The new one replaces it for all callers.
    scene.world.model().script.answer("two");
    assert_eq!(scene.ask_with("createCompletion", "max-age=60", &body).await.json()["text"], "two");
    assert_eq!(scene.ask_with("createCompletion", "max-age=600", &body).await.json()["text"], "two");
    scene.world.model().script.answer("three");
    let fresh = scene.ask_with("createCompletion", "no-cache, max-age=600", &body).await.expect(200);
    assert_eq!(
        (fresh.json()["text"].as_str(), fresh.header("x-sextant-cache")),
        (Some("three"), Some("bypass"))
    );
    // An answer that was not stored can't be found, whichever header line says so.
    let other = question("Name a fish.");
    let several: [&[&str]; 3] =
        [&["no-store, max-age=600"], &["no-store", "max-age=600"], &["max-age=600", "no-store"]];
    for (text, lines) in ["four", "five", "six"].into_iter().zip(several) {
        scene.world.model().script.answer(text);
        let call = scene.world.call("createCompletion").by(&scene.person).json(&other);
        let answer = call.header_lines("Cache-Control", lines).send().await;
        assert_eq!(answer.expect(200).json()["text"], text);
    }
    scene.world.model().script.answer("seven");
    assert_eq!(scene.ask_with("createCompletion", "max-age=600", &other).await.json()["text"], "seven");
    // 2^32 seconds and a text that is not a number do not make the request invalid.
    assert_eq!(
        scene.ask_with("createCompletion", "max-age=4294967296", &other).await.json()["text"],
        "seven"
    );
    scene.world.pass(1);
    scene.world.model().script.answer("eight");
    assert_eq!(scene.ask_with("createCompletion", "max-age=soon", &other).await.json()["text"], "eight");
}

#[tokio::test]
async fn an_answer_with_a_schema_matches_it_or_is_repaired_once() {
    let scene = Scene::start().await;
    let mut body = question("Which country is Lyon in?");
    body["response_schema"] = json!({
        "type": "object", "required": ["country"], "additionalProperties": false,
        "properties": {"country": {"type": "string"}},
    });
    scene.world.model().script.answer(r#"{"land": "France"}"#);
    scene.world.model().script.answer("```json\n{\"country\": \"France\"}\n```");
    let answer = scene.ask("createCompletion", &body).await.expect(200).json();
    assert_eq!((answer["text"].as_str(), &answer["attempts"]), (Some(r#"{"country": "France"}"#), &json!(2)));
    assert_eq!(answer["cost_usd"], "0.002880000");
    let calls = scene.world.model().script.calls();
    let complaint = calls[1].messages.last().unwrap();
    assert!(complaint.role == Role::User && complaint.joined_text().contains("additionalProperties"));
    // A text that is not a schema, a schema that refers to another document, and roots that no provider accepts.
    for wrong in [
        json!({"type": "no such type"}),
        json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/schema.json"}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}),
        json!({"type": "object", "anyOf": [{"required": ["a"]}]}),
        json!({"type": "array"}),
        json!(true),
        // Schemas that nothing matches, that never end, and that take hours to check.
        json!(false),
        json!({"type": "object", "minProperties": 1, "maxProperties": 0}),
        json!({"type": "object", "required": ["a"], "additionalProperties": false}),
        json!({"type": "object", "required": ["a"], "properties": {"a": {"minLength": 2, "maxLength": 1, "type": "string"}}}),
        json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}),
    ] {
        body["response_schema"] = wrong.clone();
        let refused = scene.ask("createCompletion", &body).await.problem(400, "invalid_request");
        assert_eq!(refused.fields(), ["/response_schema"]);
        let mut body = question("Which country is Lyon in?");
        body["response_format"] =
            json!({"type": "json_schema", "json_schema": {"name": "a", "schema": wrong}});
        let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request");
        assert_eq!(refused.json()["error"]["param"], "response_format.json_schema.schema");
    }
    assert_eq!(scene.asked(), 2, "no model was asked");
}

#[tokio::test]
async fn what_a_caller_causes_is_none_of_our_failures_and_closes_no_model_to_others() {
    let scene = Scene::start().await;
    let mut body = question("Which country is Lyon in?");
    body["response_schema"] =
        json!({"type": "object", "required": ["a"], "properties": {"a": {"pattern": "$a"}}});
    for _ in 0..12 {
        for _ in 0..2 {
            scene.world.model().script.fail(ModelError::MalformedAnswer("424".into()));
        }
        scene.ask("createCompletion", &body).await.problem(422, "answer_does_not_match_schema");
    }
    for _ in 0..3 {
        scene.world.model().script.answer("{}");
        scene.world.model().script.answer("{}");
        scene.ask("createCompletion", &body).await.problem(422, "answer_does_not_match_schema");
    }
    for _ in 0..3 {
        scene.world.model().script.fail(ModelError::TimedOut);
    }
    scene.ask("createCompletion", &question("Write a novel.")).await.problem(422, "answer_takes_too_long");
    scene.world.model().script.answer("France.");
    scene.ask("createCompletion", &question("Which country is Lyon in?")).await.expect(200);
}

#[tokio::test]
async fn what_no_model_can_do_is_refused_before_it_costs() {
    let scene = Scene::start().await;
    scene
        .ask(
            "createCompletion",
            &json!({"model": "no-such-model", "messages": [{"role": "user", "content": "x"}]}),
        )
        .await
        .problem(404, "model_not_found");
    let mut vectors = question("x");
    vectors["model"] = json!(TITAN);
    scene.ask("createCompletion", &vectors).await.problem(404, "model_not_found");
    let mut long = question("x");
    long["model"] = json!("self-hosted");
    let turn = json!({"role": "user", "content": "x".repeat(86_000)});
    long["messages"] = json!([turn, turn, turn]);
    scene.ask("createCompletion", &long).await.problem(400, "context_length_exceeded");
    scene.world.model().script.fail(ModelError::Refused("no".into()));
    scene.ask("createCompletion", &question("x")).await.problem(400, "model_refused");
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn neighbouring_turns_of_one_speaker_are_one_turn() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("Good.");
    let turn = |role: &str, content: &str| json!({"role": role, "content": content});
    let body = json!({"model": NOVA, "messages": [
        turn("user", "a"), turn("user", "b"), turn("assistant", "c"), turn("user", "d"),
    ]});
    scene.ask("createCompletion", &body).await.expect(200);
    let calls = scene.world.model().script.calls();
    let turns: Vec<(Role, String)> =
        calls[0].messages.iter().map(|message| (message.role, message.joined_text())).collect();
    assert_eq!(
        turns,
        [(Role::User, "ab".to_owned()), (Role::Assistant, "c".to_owned()), (Role::User, "d".to_owned()),]
    );
}
