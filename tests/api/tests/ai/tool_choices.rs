//! A choice among some of the tools, and custom tools, in OpenAI's two formats of conversations.

use super::{NOVA, Scene};
use ports::{ContentBlock, Delta, ModelAnswer, ModelCall, StopReason, ToolCall, ToolChoice, Usage};
use serde_json::{Value, json};

fn answered(name: &str, arguments: &str) -> ModelAnswer {
    let [id, name, arguments] = ["c1", name, arguments].map(str::to_owned);
    ModelAnswer {
        reasoning: Vec::new(),
        text: String::new(),
        tool_calls: vec![ToolCall { id, name, arguments }],
        stop: StopReason::ToolCalls,
        usage: Some(Usage { input_tokens: 90, output_tokens: 7, ..Usage::default() }),
    }
}

fn chat(tools: Value, choice: Value) -> Value {
    json!({"model": NOVA, "messages": [{"role": "user", "content": "x"}], "tools": tools, "tool_choice": choice})
}

fn response(tools: Value, choice: Value) -> Value {
    json!({"model": NOVA, "input": "x", "tools": tools, "tool_choice": choice, "store": false})
}

impl Scene {
    async fn offered(&self, operation: &str, body: &Value) -> ModelCall {
        self.world.pass(100);
        self.ask(operation, body).await.expect(200);
        self.world.model().script.calls().pop().unwrap()
    }

    async fn refused_field(&self, operation: &str, body: &Value) -> String {
        let refused = self.ask(operation, body).await.problem(400, "invalid_request").json();
        refused["error"]["param"].as_str().unwrap().to_owned()
    }

    async fn streamed_data(&self, operation: &str, body: &Value) -> Vec<Value> {
        let mut body = body.clone();
        body["stream"] = json!(true);
        let answer = self.ask(operation, &body).await.expect(200);
        let data = answer.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

fn names(call: &ModelCall) -> Vec<&str> {
    call.tools.tools.iter().map(|tool| tool.name.as_str()).collect()
}

#[tokio::test]
async fn only_allowed_tools_are_offered() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let nested = |name: &str| json!({"type": "function", "function": {"name": name}});
    let flat = |name: &str| json!({"type": "function", "name": name});
    let in_chat = |mode: &str, tools: Value| {
        let choice = json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}});
        chat(json!([nested("a"), nested("b"), nested("c")]), choice)
    };
    let in_response = |mode: &str, tools: Value| {
        let choice = json!({"type": "allowed_tools", "mode": mode, "tools": tools});
        response(json!([flat("a"), flat("b"), flat("c")]), choice)
    };
    for (operation, body) in [
        ("createChatCompletion", in_chat("auto", json!([nested("c"), nested("a")]))),
        ("createResponse", in_response("auto", json!([flat("c"), flat("a")]))),
    ] {
        script.answer("No.");
        let call = scene.offered(operation, &body).await;
        assert_eq!((names(&call), call.tools.choice.clone()), (vec!["a", "c"], ToolChoice::Auto));
        // A call of a tool that is not allowed is none, and the model is told so.
        script.script(Ok(answered("b", "{}")));
        script.script(Ok(answered("a", "{}")));
        assert_eq!(scene.offered(operation, &body).await.messages.len(), 3);
    }
    for (operation, body) in [
        ("createChatCompletion", in_chat("required", json!([nested("b")]))),
        ("createResponse", in_response("required", json!([flat("b")]))),
    ] {
        script.script(Ok(answered("b", "{}")));
        let call = scene.offered(operation, &body).await;
        assert_eq!((names(&call), call.tools.choice.clone()), (vec!["b"], ToolChoice::Required));
    }
    // A tool that runs at OpenAI is left out beside others, which keep their places.
    let hosted = json!({"type": "web_search"});
    script.answer("No.");
    let call = scene.offered("createResponse", &in_response("auto", json!([hosted, flat("b")]))).await;
    assert_eq!(names(&call), ["b"]);
    let asked = scene.asked();
    let mut wrong_mode = in_response("auto", json!([flat("a")]));
    wrong_mode["tool_choice"]["mode"] = json!("none");
    for (operation, body, field) in [
        (
            "createChatCompletion",
            in_chat("auto", json!([nested("a"), nested("z")])),
            "tool_choice.allowed_tools.tools.1",
        ),
        ("createChatCompletion", in_chat("auto", json!([flat("a")])), "tool_choice.allowed_tools.tools.0"),
        ("createChatCompletion", in_chat("auto", json!([])), "tool_choice.allowed_tools.tools"),
        ("createResponse", in_response("auto", json!([flat("a"), flat("z")])), "tool_choice.tools.1"),
        (
            "createResponse",
            in_response("auto", json!([{"type": "mcp", "server_label": "a"}])),
            "tool_choice.tools.0",
        ),
        ("createResponse", in_response("auto", json!([hosted, flat("z")])), "tool_choice.tools.1"),
        ("createResponse", in_response("auto", json!([])), "tool_choice.tools"),
        ("createResponse", wrong_mode, "tool_choice.mode"),
    ] {
        assert_eq!(scene.refused_field(operation, &body).await, field, "{body}");
    }
    assert_eq!(scene.asked(), asked);
}

/// The text of the input, and the arguments that a model writes for it.
const PATCH: &str = "*** Begin\n+\"a\"";
const ARGUMENTS: &str = r#"{"input": "*** Begin\n+\"a\""}"#;

fn custom_chat() -> Value {
    let grammar = json!({"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: \"a\""}});
    let custom = json!({"name": "patch", "description": "Changes files.", "format": grammar});
    chat(
        json!([{"type": "custom", "custom": custom}]),
        json!({"type": "custom", "custom": {"name": "patch"}}),
    )
}

fn custom_response() -> Value {
    let format = json!({"type": "grammar", "syntax": "lark", "definition": "start: \"a\""});
    let tool = json!({"type": "custom", "name": "patch", "description": "Changes files.", "format": format});
    response(json!([tool]), json!({"type": "custom", "name": "patch"}))
}

/// What a model is offered for the custom tool.
fn assert_offered(call: &ModelCall) {
    let tool = &call.tools.tools[0];
    assert_eq!(call.tools.choice, ToolChoice::Named("patch".to_owned()));
    let told = "Changes files.\n\nThe input must match this Lark grammar:\nstart: \"a\"";
    assert_eq!(tool.description.as_deref(), Some(told));
    assert_eq!(tool.parameters["properties"]["input"]["type"], "string");
    assert_eq!(tool.parameters["required"], json!(["input"]));
}

/// The call and its result, as the model gets them again.
fn assert_sent_back(call: &ModelCall) {
    let ContentBlock::ToolCall(made) = &call.messages[1].content[0] else { panic!("{call:?}") };
    assert_eq!((made.name.as_str(), made.arguments.as_str()), ("patch", r#"{"input":"*** Begin\n+\"a\""}"#));
    let ContentBlock::ToolResult(result) = &call.messages[2].content[0] else { panic!("{call:?}") };
    assert_eq!((result.call_id.as_str(), result.content[0].as_text()), ("c1", Some("Done.")));
}

#[tokio::test]
async fn a_custom_tool_of_chat_gets_and_gives_a_text() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    script.script(Ok(answered("patch", ARGUMENTS)));
    let mut body = custom_chat();
    let answer = scene.ask("createChatCompletion", &body).await.expect(200).json();
    assert_offered(&script.calls()[0]);
    let message = &answer["choices"][0]["message"];
    let call = json!({"id": "c1", "type": "custom", "custom": {"name": "patch", "input": PATCH}});
    assert_eq!(message["tool_calls"], json!([call]));
    let result = json!({"role": "tool", "tool_call_id": "c1", "content": "Done."});
    body["messages"] = json!([{"role": "user", "content": "x"}, message, result]);
    body["tool_choice"] = json!("auto");
    script.answer("Fine.");
    assert_sent_back(&scene.offered("createChatCompletion", &body).await);
    // In a stream the input comes at once, when it is whole.
    script.script(Ok(answered("patch", ARGUMENTS)));
    let chunks = scene.streamed_data("createChatCompletion", &custom_chat()).await;
    let calls: Vec<&Value> =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"].get("tool_calls")).collect();
    let begun = json!([{"index": 0, "id": "c1", "type": "custom", "custom": {"name": "patch", "input": ""}}]);
    assert_eq!(calls, [&begun, &json!([{"index": 0, "custom": {"input": PATCH}}])]);
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn a_custom_tool_of_responses_gets_and_gives_a_text() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    script.script(Ok(answered("patch", ARGUMENTS)));
    let mut body = custom_response();
    let answer = scene.ask("createResponse", &body).await.expect(200).json();
    assert_offered(&script.calls()[0]);
    let item = &answer["output"][0];
    assert_eq!((&item["type"], &item["call_id"]), (&json!("custom_tool_call"), &json!("c1")));
    assert_eq!((&item["name"], &item["input"]), (&json!("patch"), &json!(PATCH)));
    assert_eq!(answer["tools"][0]["format"]["syntax"], "lark");
    let result = json!({"type": "custom_tool_call_output", "call_id": "c1", "output": "Done."});
    body["input"] = json!([{"role": "user", "content": "x"}, item, result]);
    body["tool_choice"] = json!("auto");
    script.answer("Fine.");
    assert_sent_back(&scene.offered("createResponse", &body).await);
    script.script(Ok(answered("patch", ARGUMENTS)));
    let events = scene.streamed_data("createResponse", &custom_response()).await;
    let names: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = [
        "response.output_item.added",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(names[2..], expected);
    assert_eq!((&events[3]["delta"], &events[4]["input"]), (&json!(PATCH), &json!(PATCH)));
    assert_eq!(events[5]["item"]["input"], PATCH);
}

#[tokio::test]
async fn an_input_that_is_cut_or_wrong_is_told() {
    let scene = Scene::start().await;
    // A stream that breaks within an input gives none.
    let begun = || Ok(Delta::ToolCall { id: "c1".to_owned(), name: "patch".to_owned() });
    let part = || Ok(Delta::Arguments(r#"{"input": "*** Be"#.to_owned()));
    for (operation, body) in [("createChatCompletion", custom_chat()), ("createResponse", custom_response())]
    {
        scene.world.model().script.stream([begun(), part()]);
        let events = scene.streamed_data(operation, &body).await;
        assert!(!json!(events).to_string().contains("*** Be"), "{events:?}");
        assert!(events.last().unwrap()["error"]["message"].is_string(), "{events:?}");
    }
    let mut chat = custom_chat();
    chat["tools"][0]["custom"]["format"] = json!({"type": "json"});
    let mut without = custom_response();
    without["tools"][0].as_object_mut().unwrap().remove("name");
    let mut unnamed = custom_chat();
    unnamed["tools"][0]["custom"]["name"] = json!("");
    let mut nothing = custom_chat();
    nothing["messages"] = json!([{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"id": "c1"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "x"}]);
    for (operation, body, field) in [
        ("createChatCompletion", chat, "tools.0.custom.format.type"),
        ("createChatCompletion", unnamed, "tools.0.custom.name"),
        ("createChatCompletion", nothing, "messages.1.tool_calls.0.function"),
        ("createResponse", without, "tools.0.name"),
    ] {
        assert_eq!(scene.refused_field(operation, &body).await, field, "{body}");
    }
}
