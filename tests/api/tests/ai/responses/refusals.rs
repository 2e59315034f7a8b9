//! Requests that are refused, with the names that the caller gave to the fields, and fields that change nothing.

use super::{NOVA, PICTURE, Scene, error, prompt, weather, with};
use serde_json::{Value, json};

#[tokio::test]
async fn stored_state_is_refused_with_the_way_out() {
    let scene = Scene::start().await;
    for (field, value, way_out) in [
        ("previous_response_id", json!("resp_1"), "send the whole history as `input`"),
        ("conversation", json!({"id": "conv_1"}), "send the whole history as `input`"),
        ("conversation", json!("conv_1"), "for which clients have `store` false"),
        ("background", json!(true), "`stream`"),
        ("prompt", json!({"id": "pmpt_1"}), "as `instructions` and `input`"),
        ("truncation", json!("auto"), "leave out the first items"),
    ] {
        let error = error(&scene, &with(field, value)).await;
        let message = error["message"].as_str().unwrap();
        assert_eq!(error["param"], field);
        assert!(message.contains(way_out), "{message}");
    }
    let reference = json!([{"role": "user", "content": "x"}, {"type": "item_reference", "id": "msg_1"}]);
    let error = error(&scene, &prompt(reference)).await;
    assert_eq!(error["param"], "input.1.type");
    assert!(error["message"].as_str().unwrap().contains("send the item itself"));
}

#[tokio::test]
async fn what_changes_nothing_is_taken() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let harmless = json!({
        "store": false, "background": false, "previous_response_id": null, "conversation": null, "prompt": null,
        "include": ["reasoning.encrypted_content"], "metadata": {"a": "b"}, "user": "u", "safety_identifier": "s",
        "prompt_cache_key": "k", "prompt_cache_retention": "24h", "truncation": "disabled", "service_tier": "priority",
        "max_tool_calls": 3, "top_logprobs": 0, "stream_options": {"include_obfuscation": false}, "tools": [],
        "tool_choice": "auto", "parallel_tool_calls": true, "reasoning": {"effort": null}, "text": {"verbosity": null},
        "instructions": null, "temperature": null, "moderation": null, "context_management": [],
        "client_metadata": {"session_id": "s"},
    });
    for (field, value) in harmless.as_object().unwrap() {
        scene.world.pass(100);
        scene.ask("createResponse", &with(field, value.clone())).await.expect(200);
    }
    for (field, value) in [
        ("service_tier", json!("epic")),
        ("top_logprobs", json!(2)),
        ("context_management", json!([{"type": "compaction"}])),
        ("moderation", json!({"model": "m"})),
        ("stop", json!("END")),
        ("messages", json!([])),
        ("enable_thinking", json!(null)),
    ] {
        assert_eq!(error(&scene, &with(field, value)).await["param"], field);
    }
    assert_eq!(
        error(&scene, &with("include", json!(["message.output_text.logprobs"]))).await["param"],
        "include.0"
    );
    // Clients send it by default, also those that send the whole history.
    let stored = scene.ask("createResponse", &with("store", json!(true))).await.expect(200).json();
    assert_eq!(stored["store"], false);
    for verbosity in ["low", "medium", "high"] {
        scene.world.pass(100);
        let body = with("text", json!({"verbosity": verbosity}));
        let answer = scene.ask("createResponse", &body).await.expect(200).json();
        assert_eq!(answer["text"]["verbosity"], verbosity);
    }
    assert_eq!(error(&scene, &with("text", json!({"verbosity": "epic"}))).await["param"], "text.verbosity");
    assert_eq!(error(&scene, &with("text", json!({"colour": "red"}))).await["param"], "text.colour");
    assert_eq!(error(&scene, &with("reasoning", json!({"mode": "pro"}))).await["param"], "reasoning.mode");
}

#[tokio::test]
async fn tools_of_other_kinds_are_refused_by_name() {
    let scene = Scene::start().await;
    for (kind, message) in [
        ("allowed_tools", "tools.1.type: must be function or custom: allowed_tools is not supported"),
        ("zq9x7", "tools.1.type: must be function or custom"),
    ] {
        let tools = json!([weather(), {"type": kind, "name": "n", "server_url": "https://a.example"}]);
        let error = error(&scene, &with("tools", tools)).await;
        assert_eq!((&error["message"], &error["param"]), (&json!(message), &json!("tools.1.type")));
    }
    let changed = |member: &str, value: Value| {
        let mut tool = weather();
        tool[member] = value;
        with("tools", json!([tool]))
    };
    for (body, named) in [
        (changed("name", Value::Null), "tools.0.name"),
        (changed("name", json!("")), "tools.0.name"),
        (changed("parameters", json!({"type": "string"})), "tools.0.parameters"),
        (
            changed("parameters", json!({"type": "object", "minProperties": 1, "maxProperties": 0})),
            "tools.0.parameters",
        ),
        (changed("allowed_callers", json!(["programmatic"])), "tools.0.allowed_callers"),
        (changed("function", json!({"name": "f"})), "tools.0.function"),
    ] {
        assert_eq!(error(&scene, &body).await["param"], named);
    }
    for choice in [
        json!({"type": "web_search"}),
        json!("sometimes"),
        json!({"type": "function"}),
        json!({
        "type": "function", "name": "another"}),
    ] {
        let mut body = with("tools", json!([weather()]));
        body["tool_choice"] = choice;
        assert_eq!(error(&scene, &body).await["param"], "tool_choice");
    }
}

#[tokio::test]
async fn wrong_items_are_named_by_their_place() {
    let scene = Scene::start().await;
    let user = json!({"role": "user", "content": "x"});
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let part = |part: Value| prompt(json!([user, user, {"role": "user", "content": [part]}]));
    let items = |item: Value| prompt(json!([user, item]));
    for (body, named) in [
        (
            part(json!({"type": "input_image", "image_url": "http://a.example/b.png"})),
            "input.2.content.0.image_url",
        ),
        (part(json!({"type": "input_image", "image_url": {"url": PICTURE}})), "input.2.content.0.image_url"),
        (part(json!({"type": "input_image", "file_id": "file_1"})), "input.2.content.0.file_id"),
        (part(json!({"type": "input_image"})), "input.2.content.0.image_url"),
        (
            part(json!({"type": "input_file", "file_data": "data:application/zip;base64,UEs="})),
            "input.2.content.0.file_data",
        ),
        (
            part(json!({"type": "input_file", "file_url": "http://a.example/b.pdf"})),
            "input.2.content.0.file_url",
        ),
        (part(json!({"type": "input_audio", "input_audio": {}})), "input.2.content.0.type"),
        (part(json!({"type": "input_text"})), "input.2.content.0.text"),
        (part(json!({"type": "input_text", "text": 7})), "input.2.content.0.text"),
        (items(json!({"role": "robot", "content": "x"})), "input.1.role"),
        (items(json!({"role": "user", "content": 7})), "input.1.content"),
        (items(json!({"role": "user"})), "input.1.content"),
        (items(json!({"content": "x"})), "input.1.role"),
        (items(json!({"role": "user", "content": "x", "colour": "red"})), "input.1.colour"),
        (items(json!({"role": "user", "content": "a\u{0}b"})), "input.1.content"),
        (items(json!({"role": "system", "content": "a\u{0}b"})), "input.1.content"),
        (items(json!({"type": "zq9x7", "output": "x"})), "input.1.type"),
        (items(call.clone()), "input.1.call_id"),
        (items(json!({"type": "function_call", "call_id": "c", "arguments": "{}"})), "input.1.name"),
        (
            items(json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}})),
            "input.1.arguments",
        ),
        (items(json!({"type": "function_call_output", "call_id": "d", "output": "x"})), "input.1.call_id"),
        (prompt(json!([user, call, {"type": "function_call_output", "call_id": "c"}])), "input.2.output"),
        (
            prompt(json!([user, call, {"type": "function_call_output", "call_id": "c", "output": [
            {"type": "input_image", "image_url": "x"}]}])),
            "input.2.output.0.image_url",
        ),
        (prompt(json!([])), "input"),
        (prompt(json!(" ")), "input"),
        (prompt(json!({"role": "user"})), "input"),
        (json!({"model": NOVA}), "input"),
        (with("max_output_tokens", json!(1_000_000)), "max_output_tokens"),
        (with("instructions", json!("a\u{0}b")), "instructions"),
        (with("reasoning", json!({"effort": "enormous"})), "reasoning.effort"),
        (
            with(
                "text",
                json!({"format": {"type": "json_schema", "name": "n", "schema": {"type": "array"}}}),
            ),
            "text.format.schema",
        ),
        (with("text", json!({"format": {"type": "json_schema", "name": "n"}})), "text.format.schema"),
        (
            with("text", json!({"format": {"type": "json_schema", "schema": {"type": "object"}}})),
            "text.format.name",
        ),
        (with("text", json!({"format": {"type": "grammar"}})), "text.format.type"),
    ] {
        let error = error(&scene, &body).await;
        let message = error["message"].as_str().unwrap();
        let places: Vec<&str> = message.split("; ").filter_map(|each| each.split(": ").next()).collect();
        assert!(places.contains(&named), "{named}: {message}");
    }
    assert_eq!(scene.asked(), 0, "no model was asked");
}
