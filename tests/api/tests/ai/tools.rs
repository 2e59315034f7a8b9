//! Tools, pictures, documents and histories from elsewhere in OpenAI's chat format.

use super::{NOVA, SONNET, Scene};
use ports::{
    ContentBlock, DocumentFormat, ImageFormat, ModelAnswer, ReasoningEffort, Role, StopReason, ToolCall,
    ToolChoice, ToolResult, Usage,
};
use serde_json::{Value, json};

const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAAN";
const PDF: &str = "data:application/pdf;base64,JVBERi0xLjc=";

fn weather() -> Value {
    json!({"type": "function", "function": {
        "name": "get-weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"unit": {"type": "string"}, "city": {"type": "string"}}},
    }})
}

fn chat(turns: Value) -> Value {
    json!({"model": NOVA, "messages": turns, "tools": [weather()]})
}

fn asked() -> Value {
    json!([{"role": "user", "content": "Is it cold in Bonn?"}])
}

fn called(arguments: &str) -> ModelAnswer {
    let call =
        ToolCall { id: "c1".to_owned(), name: "get-weather".to_owned(), arguments: arguments.to_owned() };
    ModelAnswer {
        reasoning: Vec::new(),
        text: String::new(),
        tool_calls: vec![call],
        stop: StopReason::ToolCalls,
        usage: Some(Usage { input_tokens: 10, output_tokens: 5, reasoning_tokens: 3, ..Usage::default() }),
    }
}

async fn wrong(scene: &Scene, body: &Value) -> Vec<String> {
    let refused = scene.ask("createChatCompletion", body).await.problem(400, "invalid_request").json();
    let message = refused["error"]["message"].as_str().unwrap().to_owned();
    let mut fields: Vec<String> =
        message.split("; ").map(|part| part.split(": ").next().unwrap().to_owned()).collect();
    fields[0] = refused["error"]["param"].as_str().unwrap().to_owned();
    fields
}

#[tokio::test]
async fn a_loop_of_calls_and_results_is_an_ordinary_conversation() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    script.script(Ok(called("{\"unit\": \"C\", \"city\": \"Bonn\"}")));
    let mut body = chat(asked());
    body["tool_choice"] = json!("required");
    body["parallel_tool_calls"] = json!(false);
    body["reasoning_effort"] = json!("low");
    let answer = scene.ask("createChatCompletion", &body).await.expect(200).json();
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    let function = json!({"name": "get-weather", "arguments": "{\"unit\": \"C\", \"city\": \"Bonn\"}"});
    let expected = json!({"role": "assistant", "content": null, "refusal": null,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}]});
    assert_eq!(choice["message"], expected);
    assert_eq!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 3);
    let call = script.calls().remove(0);
    assert_eq!((call.tools.choice, call.tools.one_at_a_time), (ToolChoice::Required, true));
    assert_eq!(call.tools.tools[0].parameters.to_string(), weather()["function"]["parameters"].to_string());
    // The answer is sent back as it is, with the result.
    script.answer("Yes: 9 C.");
    let result = json!({"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "9 C"}]});
    let turns = json!([asked()[0], choice["message"], result, {"role": "user", "content": "So?"}]);
    let answer = scene.ask("createChatCompletion", &chat(turns)).await.expect(200).json();
    assert_eq!(answer["choices"][0]["message"]["content"], "Yes: 9 C.");
    let turns = script.calls().remove(1).messages;
    assert_eq!(
        turns.iter().map(|turn| turn.role).collect::<Vec<_>>(),
        [Role::User, Role::Assistant, Role::User]
    );
    let [ContentBlock::ToolResult(ToolResult { call_id, content, .. }), ContentBlock::Text(so)] =
        &turns[2].content[..]
    else {
        panic!("{turns:?}")
    };
    assert_eq!((call_id.as_str(), content[0].as_text(), so.as_str()), ("c1", Some("9 C"), "So?"));
}

#[tokio::test]
async fn streamed_calls_are_chunks() {
    let scene = Scene::start().await;
    scene.world.model().script.script(Ok(called("{\"city\": \"Bonn\"}")));
    let mut body = chat(asked());
    body["stream"] = json!(true);
    let answer = scene.ask("createChatCompletion", &body).await.expect(200);
    let chunks: Vec<Value> = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: ").filter(|data| *data != "[DONE]"))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let parts: Vec<&Value> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"].get("tool_calls"))
        .map(|calls| &calls[0])
        .collect();
    let first = json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "get-weather", "arguments": ""}});
    assert_eq!(*parts[0], first);
    let arguments: String =
        parts.iter().map(|part| part["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(arguments, "{\"city\": \"Bonn\"}");
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    assert!(answer.body.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn histories_from_elsewhere_are_taken() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Yes.");
    let turns = json!([
        {"role": "assistant", "content": "Hello!", "reasoning_content": "hm", "thinking_blocks": [{"type": "thinking"}],
         "provider_specific_fields": {"a": 1}, "images": [], "annotations": [], "audio": null},
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                                     {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Look."}],
         "tool_calls": [{"id": "1", "function": {"name": "old", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "1", "name": "old", "content": ""},
    ]);
    let mut body = json!({"model": NOVA, "messages": turns});
    scene.ask("createChatCompletion", &body).await.expect(200);
    let turns = scene.world.model().script.calls().remove(0).messages;
    assert_eq!(turns[0].role, Role::Assistant);
    assert_eq!(turns[1].content.len(), 2);
    let ContentBlock::ToolCall(call) = turns[2].content.last().unwrap() else { panic!("{turns:?}") };
    assert_eq!((call.name.as_str(), call.arguments.as_str()), ("old", "{}"));
    body["messages"][1]["reasoning_content"] = json!("hm");
    assert_eq!(wrong(&scene, &body).await, ["messages.1.reasoning_content"]);
}

#[tokio::test]
async fn pictures_and_documents_reach_models_that_take_them() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let parts = json!([
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}},
        {"type": "file", "file": {"file_data": PDF, "filename": "offer.pdf"}},
    ]);
    let mut body = json!({"model": NOVA, "messages": [{"role": "user", "content": parts}]});
    scene.ask("createChatCompletion", &body).await.expect(200);
    let content = scene.world.model().script.calls().remove(0).messages.remove(0).content;
    let [_, ContentBlock::Image(image), ContentBlock::Document(document)] = &content[..] else {
        panic!("{content:?}")
    };
    assert_eq!((image.format, document.format), (ImageFormat::Png, DocumentFormat::Pdf));
    assert_eq!((document.name.as_str(), &document.data[..]), ("offer", &b"%PDF-1.7"[..]));
    body["model"] = json!("self-hosted");
    let fields = wrong(&scene, &body).await;
    assert_eq!(fields, ["messages.0.content.1", "messages.0.content.2"]);
    body["model"] = json!(NOVA);
    body["messages"][0]["content"][1]["image_url"]["url"] = json!("data:image/png;base64,c2VjcmV0");
    body["messages"][0]["content"][2]["file"] = json!({"file_id": "file-1"});
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request");
    assert!(!refused.body.contains("c2VjcmV0") && !refused.body.contains("secret"), "{}", refused.body);
    let named = ["messages.0.content.1.image_url.url", "messages.0.content.2.file.file_data"];
    assert_eq!(wrong(&scene, &body).await, named);
}

#[tokio::test]
async fn wrong_tools_are_named_by_the_callers_fields() {
    let scene = Scene::start().await;
    let history = |turns: Value| json!({"model": NOVA, "messages": turns});
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "a", "arguments": "{}"}});
    let user = json!({"role": "user", "content": "x"});
    let with = |field: &str, value: Value| {
        let mut body = chat(asked());
        body[field] = value;
        body
    };
    let named = |name: &str, parameters: Value| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let special = named("a", json!({"type": "object", "properties": {"prénom": {"type": "string"}}}));
    let mut for_claude = with("tools", json!([special]));
    for_claude["model"] = json!(SONNET);
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "x"});
    for (body, field) in [
        (with("tools", json!([weather(), weather()])), "tools.1.function.name"),
        (with("tools", json!([named("a", json!({"type": "string"}))])), "tools.0.function.parameters"),
        (with("tools", json!([{"type": "function"}])), "tools.0.function"),
        (with("tool_choice", json!({"type": "function", "function": {"name": "other"}})), "tool_choice"),
        (for_claude, "tools.0.function.parameters"),
        (
            history(json!([user, {"role": "assistant", "tool_calls": [call("1")]}, user])),
            "messages.1.tool_calls.0",
        ),
        (history(json!([user, result("1")])), "messages.1.tool_call_id"),
        (history(json!([user, {"role": "tool", "content": "x"}])), "messages.1.tool_call_id"),
    ] {
        assert_eq!(wrong(&scene, &body).await[0], field, "{body}");
    }
    assert_eq!(scene.asked(), 0);
}

/// Claude takes no such name, Nova does: the chain goes on with the model that can, and Claude is not asked.
#[tokio::test]
async fn a_model_of_a_chain_that_can_t_is_passed_over() {
    let scene = Scene::start().await;
    let parameters = json!({"type": "object", "properties": {"prénom": {"type": "string"}}});
    let tool = json!({"type": "function", "function": {"name": "get-weather", "parameters": parameters}});
    for streamed in [false, true] {
        scene.world.model().script.script(Ok(called("{}")));
        let body = json!({"model": "auto", "messages": asked(), "tools": [tool], "stream": streamed});
        let answer = scene.ask("createChatCompletion", &body).await.expect(200);
        let told = ["x-sextant-model", "x-sextant-attempts"].map(|name| answer.header(name).unwrap());
        assert_eq!(told, ["us.amazon.nova-pro-v1:0", "1"], "{streamed}");
    }
    let models = scene.world.model().script.asked();
    assert_eq!(models, ["us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"]);
}

#[tokio::test]
async fn an_answers_beginning_is_left_to_models_that_continue_it() {
    let scene = Scene::start().await;
    scene.world.model().script.always("a wren.");
    let turns =
        json!([{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "It is "}]);
    let mut body = json!({"model": NOVA, "messages": turns, "reasoning_effort": "none"});
    scene.ask("createChatCompletion", &body).await.expect(200);
    body["model"] = json!("us.anthropic.claude-sonnet-4-6");
    assert_eq!(wrong(&scene, &body).await, ["messages.1.role"]);
}

#[tokio::test]
async fn claude_reasons_when_it_is_told_to() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let mut body = json!({"model": SONNET, "messages": asked(), "reasoning_effort": "medium", "temperature": 0.5,
        "max_tokens": 20_000});
    scene.ask("createChatCompletion", &body).await.expect(200);
    body["tools"] = json!([weather()]);
    body["tool_choice"] = json!("required");
    scene.world.model().script.script(Ok(called("{}")));
    scene.ask("createChatCompletion", &body).await.expect(200);
    let calls = scene.world.model().script.calls();
    assert_eq!((calls[0].reasoning, calls[0].temperature), (Some(ports::Reasoning::Tokens(4096)), None));
    // Claude does not reason when it is forced to call a tool.
    assert_eq!((calls[1].reasoning, calls[1].temperature), (None, Some(0.5)));
    assert_eq!(ReasoningEffort::Medium.as_str(), "medium");
}

/// Ten objects that may be null in each other, as pydantic writes them, are usual; a hundred are told with their place.
#[tokio::test]
async fn deep_schemas_work_and_deeper_ones_are_named() {
    let nested = |levels: usize| {
        (0..levels).fold(json!({"type": "object", "properties": {"a": {"type": "string"}}}), |inner, _| {
            json!({"type": "object", "properties": {"a": {"anyOf": [inner, {"type": "null"}]}}, "required": ["a"],
                   "additionalProperties": false})
        })
    };
    let scene = Scene::start().await;
    for (levels, good) in [(10, true), (15, true), (60, false)] {
        scene.world.model().script.answer(json!({"a": null}).to_string());
        let schema = json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": nested(levels)}});
        let mut body = json!({"model": NOVA, "messages": asked(), "response_format": schema});
        if good {
            scene.ask("createChatCompletion", &body).await.expect(200);
        } else {
            assert_eq!(wrong(&scene, &body).await, ["response_format.json_schema.schema.properties"]);
        }
        body = chat(asked());
        body["tools"][0]["function"]["parameters"] = nested(levels);
        body["tools"][0]["function"]["strict"] = json!(true);
        scene.world.model().script.script(Ok(called("{\"a\": null}")));
        if good {
            scene.ask("createChatCompletion", &body).await.expect(200);
        } else {
            assert_eq!(wrong(&scene, &body).await, ["tools.0.function.parameters"]);
        }
    }
}
