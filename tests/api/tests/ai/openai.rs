//! Chat completions in OpenAI's format: the fields that are taken, the fields that are refused by name, and answers with a
//! schema.

use super::{NOVA, SONNET, Scene, question};
use ports::{Message, ModelAnswer, Role, StopReason, Usage};
use serde_json::{Value, json};

#[tokio::test]
async fn openais_clients_get_what_they_know() {
    let scene = Scene::start().await;
    let usage = Usage { input_tokens: 90, output_tokens: 7, cache_read_tokens: 10, ..Usage::default() };
    for (stop, reason) in [
        (StopReason::EndTurn, "stop"),
        (StopReason::MaxTokens, "length"),
        // A reason that is not known: the answer may be cut.
        (StopReason::Other, "length"),
        (StopReason::Filtered, "content_filter"),
    ] {
        scene.world.model().script.script(Ok(ModelAnswer {
            reasoning: Vec::new(),
            tool_calls: Vec::new(),
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
        ("presence_penalty", json!(2.5)),
        ("logprobs", json!(true)),
        ("temperature", json!(2.5)),
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
        "logit_bias": null, "top_logprobs": null, "functions": null, "function_call": null, "service_tier": "flex",
        "frequency_penalty": 0.3, "presence_penalty": -2.0, "prompt_cache_options": {}, "moderation": null,
        "prompt_cache_key": "k", "safety_identifier": "u", "reasoning_effort": "low", "modalities": ["text"],
        "audio": null, "prediction": null, "verbosity": "low", "web_search_options": null, "tools": [],
        "stream_options": {"include_usage": null}, "response_format": null, "stop": null, "store": false,
    });
    for (field, value) in harmless.as_object().unwrap() {
        scene.world.pass(100);
        let mut body = question("Name a bird.");
        body[field] = value.clone();
        scene.ask("createChatCompletion", &body).await.expect(200);
    }
    for (field, value) in [
        ("service_tier", json!("epic")),
        ("modalities", json!(["text", "audio"])),
        ("logit_bias", json!({"50256": -100})),
        ("top_logprobs", json!(3)),
        ("functions", json!([{"name": "f"}])),
        ("verbosity", json!("epic")),
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
        let turns: Vec<String> = calls.last().unwrap().messages.iter().map(Message::joined_text).collect();
        match heard {
            Some(heard) => assert_eq!(turns, ["Name a bird.", heard, "Another."]),
            None => assert_eq!(turns, ["Name a bird.Another."]),
        }
    }
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
    assert_eq!(
        (call.messages[0].role, call.messages[0].joined_text().as_str()),
        (Role::User, "Name a bird.\n\nNow.")
    );
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
async fn models_get_the_samplers_and_stops_that_they_take() {
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
    for (model, temperature, top_p, sent) in [
        (SONNET, 0.5, 0.75, (Some(0.5), None)),
        (SONNET, 1.5, 1.0, (Some(1.0), None)),
        (NOVA, 0.5, 0.75, (Some(0.5), Some(0.75))),
    ] {
        scene.ask("createChatCompletion", &ask(model, temperature, top_p)).await.expect(200);
        let call = scene.world.model().script.calls().pop().unwrap();
        assert_eq!((call.temperature, call.top_p), sent);
    }
    assert_eq!(param(&scene, &ask(SONNET, 2.5, 1.0)).await, "temperature");
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
        let cut = ModelAnswer {
            reasoning: Vec::new(),
            tool_calls: Vec::new(),
            text: "{\"coun".to_owned(),
            stop,
            usage: Some(usage),
        };
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
