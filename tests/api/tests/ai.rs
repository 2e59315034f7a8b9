//! The AI gateway's routes: the prompt that a model gets, its answer in both wire formats, and the cost.

use api_tests::{Answer, Person, World};
use ports::{ModelAnswer, ModelError, Role, StopReason, Usage};
use serde_json::{Value, json};
use std::time::Duration;

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
    assert!(complaint.role == Role::User && complaint.text.contains("additionalProperties"));
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
    let turns: Vec<(Role, &str)> =
        calls[0].messages.iter().map(|message| (message.role, message.text.as_str())).collect();
    assert_eq!(turns, [(Role::User, "a\n\nb"), (Role::Assistant, "c"), (Role::User, "d")]);
}

#[tokio::test]
async fn openais_clients_get_what_they_know() {
    let scene = Scene::start().await;
    let usage = Usage { input_tokens: 90, output_tokens: 7, cache_read_tokens: 10, cache_write_tokens: 0 };
    for (stop, reason) in [
        (StopReason::EndTurn, "stop"),
        (StopReason::MaxTokens, "length"),
        (StopReason::Filtered, "content_filter"),
    ] {
        scene.world.model().script.script(Ok(ModelAnswer {
            text: "A wren.".to_owned(),
            stop,
            usage: Some(usage),
        }));
        let body = json!({"model": "auto", "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "short."}]},
            {"role": "user", "content": "Name a bird."},
        ]});
        let answer = scene.ask("createChatCompletion", &body).await.expect(200).json();
        assert_eq!(answer["choices"][0]["finish_reason"], reason);
        assert_eq!((&answer["model"], &answer["usage"]["prompt_tokens"]), (&json!(SONNET), &json!(100)));
        assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 10);
    }
    assert_eq!(scene.world.model().script.calls()[0].system, "Be short.");
    for (field, value) in [
        ("n", json!(2)),
        ("tools", json!([{"type": "function"}])),
        ("presence_penalty", json!(0.5)),
        ("logprobs", json!(true)),
        ("temperature", json!(1.5)),
    ] {
        let mut body = question("x");
        body[field] = value;
        let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request");
        assert_eq!(refused.json()["error"]["param"], field);
        assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
    }
}

fn chat(turns: Value) -> Value {
    json!({"model": NOVA, "messages": turns})
}

/// The field that the refusal names.
async fn param(scene: &Scene, body: &Value) -> String {
    let refused = scene.ask("createChatCompletion", body).await.problem(400, "invalid_request").json();
    refused["error"]["param"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_changes_nothing_is_taken_from_openais_clients() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let harmless = json!({
        "logit_bias": null, "top_logprobs": null, "functions": null, "function_call": null, "service_tier": "auto",
        "prompt_cache_key": "k", "safety_identifier": "u", "reasoning_effort": "low", "modalities": ["text"],
        "audio": null, "prediction": null, "verbosity": null, "web_search_options": null, "tools": [],
        "stream_options": {"include_usage": null}, "response_format": null, "stop": null, "store": false,
    });
    for (field, value) in harmless.as_object().unwrap() {
        scene.world.pass(100);
        let mut body = question("Name a bird.");
        body[field] = value.clone();
        scene.ask("createChatCompletion", &body).await.expect(200);
    }
    for (field, value) in [
        ("service_tier", json!("priority")),
        ("modalities", json!(["text", "audio"])),
        ("logit_bias", json!({"50256": -100})),
        ("top_logprobs", json!(3)),
        ("functions", json!([{"name": "f"}])),
        ("verbosity", json!("low")),
        ("audio", json!({"voice": "alloy"})),
        ("top_k", json!(40)),
        ("enable_thinking", json!(null)),
    ] {
        let mut body = question("x");
        body[field] = value;
        assert_eq!(param(&scene, &body).await, field);
    }
}

#[tokio::test]
async fn an_answer_may_be_sent_back_as_it_came() {
    let scene = Scene::start().await;
    scene.world.model().script.always("An owl.");
    let user = |text: &str| json!({"role": "user", "content": text});
    // The output of `message.model_dump()` of OpenAI's client.
    let dumped = json!({
        "content": "A wren.", "refusal": null, "role": "assistant", "annotations": [], "audio": null,
        "function_call": null, "tool_calls": null,
    });
    let parsed =
        json!({"role": "assistant", "content": "{}", "tool_calls": [], "parsed": {}, "annotations": null});
    let refused = json!({"role": "assistant", "content": null, "refusal": "I can't."});
    let parts = json!({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]});
    let nothing = [
        json!({"role": "assistant", "content": null}),
        json!({"role": "assistant", "content": ""}),
        json!({"role": "assistant", "tool_calls": null}),
    ];
    for (sent, heard) in [
        (dumped, Some("A wren.")),
        (parsed, Some("{}")),
        (refused, Some("I can't.")),
        (parts, Some("No.")),
        (nothing[0].clone(), None),
        (nothing[1].clone(), None),
        (nothing[2].clone(), None),
    ] {
        let body = chat(json!([user("Name a bird."), sent, user("Another.")]));
        scene.ask("createChatCompletion", &body).await.expect(200);
        let calls = scene.world.model().script.calls();
        let turns: Vec<&str> =
            calls.last().unwrap().messages.iter().map(|message| message.text.as_str()).collect();
        match heard {
            Some(heard) => assert_eq!(turns, ["Name a bird.", heard, "Another."]),
            None => assert_eq!(turns, ["Name a bird.\n\nAnother."]),
        }
    }
    let called = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "call_1"}]});
    let body = chat(json!([user("x"), called, user("y")]));
    assert_eq!(param(&scene, &body).await, "messages.1.tool_calls");
    assert_eq!(param(&scene, &chat(json!([{"role": "user", "content": null}]))).await, "messages.0.content");
}

#[tokio::test]
async fn instructions_alone_are_the_question() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("A wren.");
    let body = chat(
        json!([{"role": "system", "content": "Name a bird."}, {"role": "developer", "content": "Now."}]),
    );
    scene.ask("createChatCompletion", &body).await.expect(200);
    let call = scene.world.model().script.calls().remove(0);
    assert_eq!((call.system.as_str(), call.messages.len()), ("", 1));
    assert_eq!((call.messages[0].role, call.messages[0].text.as_str()), (Role::User, "Name a bird.\n\nNow."));
}

#[tokio::test]
async fn wrong_fields_have_the_names_that_the_caller_gave_them() {
    let scene = Scene::start().await;
    let user = json!({"role": "user", "content": "x"});
    let with = |field: &str, value: Value| {
        let mut body = question("x");
        body[field] = value;
        body
    };
    let schema = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "array"}}});
    for (body, named) in [
        (with("max_completion_tokens", json!(1_000_000)), "max_completion_tokens"),
        (with("max_completion_tokens", json!(0)), "max_completion_tokens"),
        (with("max_tokens", json!(1_000_000)), "max_tokens"),
        (with("response_format", schema), "response_format.json_schema.schema"),
        (chat(json!([user, {"role": "system", "content": "a\u{0}b"}])), "messages.1.content"),
        // After a system message and an empty message.
        (
            chat(json!([
                {"role": "system", "content": "s"}, user, {"role": "assistant", "content": ""},
                {"role": "user", "content": " "},
            ])),
            "messages.3.content",
        ),
    ] {
        assert_eq!(param(&scene, &body).await, named);
    }
}

#[tokio::test]
async fn claude_gets_a_temperature_or_a_top_p() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let ask = |model: &str, temperature: f32, top_p: f32| {
        let mut body = question("x");
        (body["model"], body["temperature"], body["top_p"]) =
            (json!(model), json!(temperature), json!(top_p));
        body
    };
    scene.ask("createChatCompletion", &ask(SONNET, 0.5, 1.0)).await.expect(200);
    let call = scene.world.model().script.calls().remove(0);
    assert_eq!((call.temperature, call.top_p), (Some(0.5), None));
    for model in [SONNET, "auto"] {
        assert_eq!(param(&scene, &ask(model, 0.5, 0.75)).await, "top_p");
    }
    scene.ask("createChatCompletion", &ask(NOVA, 0.5, 0.75)).await.expect(200);
    let mut body = question("x");
    body["stop"] = json!(["END", "\n\n"]);
    scene.ask("createChatCompletion", &body).await.expect(200);
    body["model"] = json!(SONNET);
    assert_eq!(param(&scene, &body).await, "stop");
}

#[tokio::test]
async fn some_json_object_is_asked_for_in_words() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("```json\n{\"bird\": \"wren\"}\n```");
    let mut body = chat(json!([
        {"role": "system", "content": "Be short."}, {"role": "user", "content": "Name a bird, as JSON."},
    ]));
    body["response_format"] = json!({"type": "json_object"});
    let answer = scene.ask("createChatCompletion", &body).await.expect(200).json();
    assert_eq!(answer["choices"][0]["message"]["content"], r#"{"bird": "wren"}"#);
    let call = scene.world.model().script.calls().remove(0);
    assert!(call.system.starts_with("Be short.\n\nAnswer with one JSON object"), "{}", call.system);
    assert!(call.forced_schema().is_none() && call.output_schema.is_some());
    // An answer that is not an object is still repaired.
    scene.world.model().script.answer("A wren.");
    scene.world.model().script.answer(r#"{"bird": "wren"}"#);
    let answer = scene.ask("createChatCompletion", &body).await.expect(200);
    assert_eq!(answer.header("x-sextant-attempts"), Some("2"));
}

#[tokio::test]
async fn a_cut_structured_answer_is_an_answer_and_a_wrong_one_is_not_asked_for_again() {
    let scene = Scene::start().await;
    let usage = Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() };
    let mut body = question("Which country is Lyon in?");
    let schema = json!({"type": "object", "required": ["country"]});
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}});
    for (stop, reason) in [(StopReason::MaxTokens, "length"), (StopReason::Filtered, "content_filter")] {
        let cut = ModelAnswer { text: "{\"coun".to_owned(), stop, usage: Some(usage) };
        scene.world.model().script.script(Ok(cut));
        let answer = scene.ask("createChatCompletion", &body).await.expect(200);
        assert_eq!(answer.header("x-sextant-attempts"), Some("1"));
        let choice = &answer.json()["choices"][0];
        assert_eq!(
            (&choice["message"]["content"], &choice["finish_reason"]),
            (&json!("{\"coun"), &json!(reason))
        );
    }
    scene.world.model().script.always("{}");
    let wrong = scene.ask("createChatCompletion", &body).await.problem(422, "answer_does_not_match_schema");
    assert_eq!(
        (&wrong.json()["error"]["type"], wrong.header("retry-after")),
        (&json!("invalid_request_error"), None)
    );
}

#[tokio::test]
async fn a_question_may_be_as_long_as_a_models_context() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Long.");
    // The body is larger than other routes allow.
    scene.ask("createChatCompletion", &question(&"word ".repeat(200_000))).await.expect(200);
    scene.ask("createCompletion", &question(&"word ".repeat(200_000))).await.expect(200);
    let mut long = question(&"word ".repeat(60_000));
    long["model"] = json!("self-hosted");
    scene.ask("createChatCompletion", &long).await.problem(400, "context_length_exceeded");
    let larger = question(&"x".repeat(2 * 1024 * 1024));
    let refused = scene.ask("createChatCompletion", &larger).await.problem(413, "body_too_large");
    assert_eq!(refused.json()["error"]["message"], "At most 2 MiB are allowed.");
}

fn events(answer: &Answer) -> Vec<String> {
    let events = answer.body.split_terminator("\n\n");
    events.map(|event| event.strip_prefix("data: ").expect("an event").to_owned()).collect()
}

#[tokio::test]
async fn a_stream_has_the_role_the_text_the_reason_the_usage_and_an_end() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("A wren and an owl.");
    let mut body = question("Name birds.");
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let answer = scene.ask("createChatCompletion", &body).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer);
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(events.last().unwrap(), "[DONE]");
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    let text: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "A wren and an owl.");
    let [.., reason, usage] = &chunks[..] else { panic!("{chunks:?}") };
    assert_eq!(reason["choices"][0]["finish_reason"], "stop");
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(1200)));
    let ids: Vec<&Value> = chunks.iter().map(|chunk| &chunk["id"]).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(
        scene.world.events("ai_request_metered").await[0]["data"]["M"]["cost_nano_usd"]["N"],
        "1440000"
    );
}

#[tokio::test]
async fn a_stream_that_can_t_begin_is_an_error_with_its_status() {
    let scene = Scene::start().await;
    scene.world.model().script.fail(ModelError::ContextLength);
    let mut body = question("x");
    body["stream"] = json!(true);
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "context_length_exceeded");
    assert_eq!(refused.header("content-type"), Some("application/json"));
    scene.world.model().script.fail(ModelError::Throttled { retry_after: Some(Duration::from_secs(90)) });
    let busy = scene.ask("createChatCompletion", &body).await.problem(503, "models_unavailable");
    assert_eq!(busy.header("retry-after"), Some("90"));
}

#[tokio::test]
async fn vectors_come_as_numbers_or_in_base64() {
    let scene = Scene::start().await;
    let body = json!({"model": TITAN, "texts": ["one", "three"]});
    let answer = scene.ask("createEmbedding", &body).await.expect(200).json();
    assert_eq!(answer["vectors"], json!([[3.0, 1.0], [5.0, 1.0]]));
    // 8 tokens at $0.02 a million.
    assert_eq!((&answer["input_tokens"], &answer["cost_usd"]), (&json!(8), &json!("0.000000160")));
    let body = json!({"model": TITAN, "input": ["one"], "encoding_format": "float"});
    let answer = scene.ask("createOpenaiEmbedding", &body).await.expect(200).json();
    assert_eq!(answer["data"][0]["embedding"], json!([3.0, 1.0]));
    // As numbers, about 330 vectors fit into an answer; in base64, all that Titan makes at once fit.
    let mut many = json!({"model": TITAN, "input": vec!["x"; 500]});
    let refused = scene.ask("createOpenaiEmbedding", &many).await.problem(400, "invalid_request");
    assert_eq!(refused.json()["error"]["param"], "input");
    many["encoding_format"] = json!("base64");
    scene.ask("createOpenaiEmbedding", &many).await.expect(200);
    let body = json!({"model": TITAN, "input": "one", "encoding_format": "base64"});
    let answer = scene.ask("createOpenaiEmbedding", &body).await.expect(200).json();
    assert_eq!(answer["data"][0]["embedding"], "AABAQAAAgD8=");
    let body = json!({"model": TITAN, "input": ["one", " "]});
    let refused = scene.ask("createOpenaiEmbedding", &body).await.problem(400, "invalid_request");
    assert_eq!(refused.json()["error"]["param"], "input.1");
    let body = json!({"model": NOVA, "input": "one"});
    scene.ask("createOpenaiEmbedding", &body).await.problem(404, "model_not_found");
}

#[tokio::test]
async fn a_key_has_a_limit_of_its_own() {
    let scene = Scene::start().await;
    let body = json!({"model": TITAN, "input": "one"});
    for _ in 0..60 {
        scene.ask("createOpenaiEmbedding", &body).await.expect(200);
    }
    let limited = scene.ask("createOpenaiEmbedding", &body).await.problem(429, "rate_limited");
    assert_eq!(limited.json()["error"]["type"], "rate_limit_error");
    assert!(limited.number("retry-after") >= 1);
    let key = scene.world.api_key(&scene.person, &["embedding:create"]).await;
    let policy = scene.world.authorize(&key.text).await.unwrap();
    scene.world.call("createOpenaiEmbedding").let_in(&policy).json(&body).send().await.expect(200);
    let metered = scene.world.events("ai_request_metered").await;
    let by_key = metered.iter().filter(|event| event["data"]["M"].get("api_key_id").is_some());
    assert_eq!(by_key.count(), 1);
}
