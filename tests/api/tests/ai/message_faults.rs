//! Faults of requests in Anthropic's format: each is named by its place, fields that change nothing are taken, and errors
//! have the form that its clients read.

use super::messages::{PNG, message, with};
use super::{NOVA, Scene};
use ports::ModelError;
use serde_json::{Value, json};

#[tokio::test]
async fn wrong_parts_of_turns_are_named_by_their_place() {
    let scene = Scene::start().await;
    let image = |source: Value| json!([{"type": "image", "source": source}]);
    let text_alone = "must be text, image, document or search_result in the result of a tool";
    for (content, named) in [
        (json!([{"type": "text"}]), "0.text: must be given"),
        (json!([{"text": "x"}]), "0.type: must be given"),
        (json!(["x"]), "0: must be an object"),
        (json!([{"type": "text", "text": "x", "size": 7}]), "0.size: is not a field of this body"),
        (image(json!(null)), "0.source: must be given"),
        (image(json!({"type": "base64", "media_type": "image/png"})), "0.source.data: must be given"),
        (image(json!({"type": "base64", "data": "%%%"})), "0.source.data: must be base64"),
        (
            image(json!({"type": "file", "file_id": "f"})),
            "0.source: must be of the type base64 or url: no files are stored",
        ),
        (
            json!([{"type": "document", "source": {"type": "file", "file_id": "f"}}]),
            "0.source: must be of the type base64, url, text or content: no files are stored",
        ),
        (
            json!([{"type": "document", "source": {"type": "content", "content": [{"type": "image"}]}}]),
            "0.source.content: must be blocks of text: send pictures in blocks of their own",
        ),
        (
            json!([{"type": "document", "context": "x", "source": {"type": "base64", "data": "JVBERi0xLjc="}}]),
            "0.context: is not supported for files: say it in a block of text",
        ),
        (
            json!([{"type": "search_result", "source": "s", "content": [], "citations": {"enabled": true}}]),
            "0.citations.enabled: must be false: answers have no citations; \
             messages.1.content.0.title: must be given",
        ),
        (
            json!([{"type": "document", "citations": {"enabled": true}, "source": {"type": "text", "data": "x"}}]),
            "0.citations.enabled: must be false: answers have no citations",
        ),
        (
            json!([{"type": "thinking", "thinking": "x"}]),
            "0.type: must be text, image, document, search_result or tool_result",
        ),
        (
            json!([{"type": "tool_result", "tool_use_id": "a"}]),
            "0: must be the result of a call in the turn before it",
        ),
        (
            json!([{"type": "tool_use", "id": "a", "name": "b", "input": {}}]),
            "0: must stand in a turn of the model",
        ),
        (json!([]), ": must not be empty"),
    ] {
        let named = format!("messages.1.content{}{named}", if named.starts_with(':') { "" } else { "." });
        let body = json!({"model": NOVA, "max_tokens": 9, "messages": [
            {"role": "system", "content": "x"}, {"role": "user", "content": content},
        ]});
        assert_eq!(scene.refusal(&body).await, named);
    }
    let results = json!([
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "video"}, 7, {"text": "x"}]},
        {"type": "tool_result", "tool_use_id": "b", "content": 7, "is_error": "yes"},
    ]);
    let calls = json!([
        {"type": "tool_use", "id": "a", "name": "f", "input": []}, {"type": "tool_use", "id": "b", "name": "f"},
    ]);
    let body = json!({"model": NOVA, "max_tokens": 9, "messages": [
        {"role": "user", "content": "x"}, {"role": "assistant", "content": calls}, {"role": "user", "content": results},
    ]});
    let expected = [
        "messages.1.content.0.input: must be an object".to_owned(),
        "messages.1.content.1.input: must be given".to_owned(),
        format!("messages.2.content.0.content.0.type: {text_alone}"),
        "messages.2.content.0.content.1: must be an object".to_owned(),
        "messages.2.content.0.content.2.type: must be given".to_owned(),
        "messages.2.content.1.is_error: must be a boolean".to_owned(),
        "messages.2.content.1.content: must be a string or an array of blocks".to_owned(),
    ];
    assert_eq!(scene.refusal(&body).await, expected.join("; "));
    // What the use case finds is named by the caller's places, too.
    let mut blind = message(
        json!([{"type": "text", "text": "x"}, {"type": "image", "source": {"type": "base64", "data": PNG}}]),
    );
    blind["model"] = json!("self-hosted");
    assert_eq!(
        scene.refusal(&blind).await,
        "messages.0.content.1: must be left out: this model takes no pictures"
    );
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn what_changes_nothing_is_taken_and_what_would_is_refused_by_name() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let harmless = json!({
        "metadata": {"user_id": "u"}, "service_tier": "auto", "cache_control": {"type": "ephemeral"}, "top_k": null,
        "thinking": null, "system": null, "stop_sequences": null, "tools": [], "tool_choice": null, "stream": false,
        "temperature": null, "top_p": null, "mcp_servers": [], "container": null, "context_management": null,
        "speed": "standard", "inference_geo": null, "diagnostics": {"previous_message_id": null},
        "user_profile_id": "p", "output_config": null, "output_format": null,
    });
    for (field, value) in harmless.as_object().unwrap() {
        scene.world.pass(100);
        scene.message(&with(field, value.clone())).await;
    }
    let server_tool = json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]);
    let tool = |member: &str, value: Value| {
        let mut tool = json!({"name": "a", "input_schema": {"type": "object"}});
        tool[member] = value;
        json!([tool])
    };
    for (field, value, named) in [
        ("top_k", json!(40), "top_k: is not supported: use top_p or temperature"),
        ("service_tier", json!("priority"), "service_tier: is not supported"),
        ("speed", json!("fast"), "speed: is not supported"),
        ("mcp_servers", json!([{}]), "mcp_servers: is not supported"),
        ("container", json!("c"), "container: is not supported"),
        ("inference_geo", json!("us"), "inference_geo: is not supported"),
        ("colour", json!(null), "colour: is not a field of this body"),
        ("temperature", json!(1.5), "temperature: must be 0 to 1"),
        (
            "max_tokens",
            json!(null),
            "max_tokens: must be a whole number that is not negative and not too large",
        ),
        ("max_tokens", json!(0), "max_tokens: must be 1 to 10000 for this model"),
        (
            "stop_sequences",
            json!([""]),
            "stop_sequences: must be at most 2500 texts for this model, none empty",
        ),
        ("system", json!(7), "system: must be a string or an array of blocks"),
        ("system", json!([{"type": "image"}]), "system.0.type: must be text"),
        (
            "tools",
            server_tool,
            "tools.0.type: must be custom, bash_20241022, bash_20250124, text_editor_20241022, text_editor_20250124, \
             text_editor_20250429, text_editor_20250728, memory_20250818, computer_20241022, computer_20250124, \
             computer_20251124 or left out: only tools that the caller carries out are supported",
        ),
        ("tools", json!([{"name": "a"}]), "tools.0.input_schema: must be given"),
        (
            "tools",
            tool("input_schema", json!({"type": "array"})),
            "tools.0.input_schema: must be a JSON Schema with the type object in its root",
        ),
        ("tools", tool("shape", json!(1)), "tools.0.shape: is not a field of this body"),
    ] {
        assert_eq!(scene.refusal(&with(field, value)).await, named);
    }
    scene.world.pass(100);
    let loose = json!([{
        "name": "a", "type": null, "input_schema": {"type": "object"}, "allowed_callers": ["direct"],
        "defer_loading": true, "input_examples": [], "eager_input_streaming": true, "cache_control": null,
    }]);
    scene.message(&with("tools", loose)).await;
}

#[tokio::test]
async fn errors_have_anthropic_s_form() {
    let scene = Scene::start().await;
    let answer = scene.ask("createMessage", &with("model", json!("claude-none"))).await;
    let answer = answer.problem(404, "model_not_found");
    let expected = json!({
        "type": "error",
        "error": {"type": "not_found_error", "message": "Model not found", "details": {"error_code": "model_not_found"}},
        "request_id": answer.header("x-correlation-id").unwrap(),
    });
    assert_eq!((answer.header("content-type"), answer.json()), (Some("application/json"), expected));
    scene.world.model().script.fail(ModelError::ContextLength);
    let long = scene.ask("createMessage", &message("x")).await.problem(400, "context_length_exceeded");
    assert_eq!(long.json()["error"]["type"], "invalid_request_error");
    scene.world.model().script.fail(ModelError::Throttled { retry_after: None });
    let mut streamed = message("x");
    streamed["stream"] = json!(true);
    let busy = scene.ask("createMessage", &streamed).await.problem(503, "models_unavailable");
    assert_eq!(
        (&busy.json()["error"]["type"], busy.header("retry-after").is_some()),
        (&json!("overloaded_error"), true)
    );
}
