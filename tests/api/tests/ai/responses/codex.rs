//! The Codex command line (`@openai/codex` 0.171.0): `codex.json` is the second request that it sent to a recorder, after a
//! call of a function in a namespace, with shorter texts and fewer tools. Its first request is the same without that call.

use super::streams::events;
use super::{NOVA, Scene, answered, error, prompt, weather, with};
use ports::{ContentBlock, Delta, StopReason, ToolChoice, Usage};
use serde_json::{Value, json};

fn codex() -> Value {
    let mut body: Value = serde_json::from_str(include_str!("codex.json")).unwrap();
    body["model"] = json!(NOVA);
    body
}

/// A namespace with one function.
fn calendar() -> Value {
    let add = json!({"type": "function", "name": "add", "description": "Adds a day.", "parameters": {"type": "object"}});
    json!({"type": "namespace", "name": "calendar", "description": "The caller's days.", "tools": [add]})
}

#[tokio::test]
async fn codex_works_in_a_loop_of_calls() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let arguments = r#"{"message":"say hi"}"#;
    script.stream([
        Ok(Delta::ToolCall { id: "call_0".to_owned(), name: "multi_agent_v1__spawn_agent".to_owned() }),
        Ok(Delta::Arguments(arguments.to_owned())),
        Ok(Delta::End { stop: StopReason::ToolCalls, usage: Some(Usage::default()) }),
    ]);
    let (mut first, second) = (codex(), codex());
    let calls = first["input"].as_array_mut().unwrap().split_off(2);
    let answer = scene.ask("createResponse", &first).await.expect(200);
    let events = events(&answer);
    // The namespace and the name are apart, as Codex knows them.
    for at in [2, 5] {
        let item = &events[at]["item"];
        assert_eq!((&item["namespace"], &item["name"]), (&json!("multi_agent_v1"), &json!("spawn_agent")));
    }
    assert_eq!((&events[4]["name"], &events[4]["arguments"]), (&json!("spawn_agent"), &json!(arguments)));
    let response = &events.last().unwrap()["response"];
    let member = |item: &Value, name: &str| item[name].clone();
    for name in ["type", "name", "namespace", "call_id", "arguments", "status"] {
        assert_eq!(member(&response["output"][0], name), member(&calls[0], name), "{name}");
    }
    // A search can't run here; the answer says so.
    let kinds = response["tools"].as_array().unwrap().iter().map(|tool| tool["type"].as_str().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), ["function", "function", "function", "namespace"]);
    assert_eq!(response["tools"][3], first["tools"][3]);
    let call = script.calls().remove(0);
    let names: Vec<_> = call.tools.tools.iter().map(|tool| tool.name.as_str()).collect();
    let expected = [
        "exec_command",
        "write_stdin",
        "view_image",
        "multi_agent_v1__close_agent",
        "multi_agent_v1__spawn_agent",
    ];
    assert_eq!(names, expected);

    script.stream([
        Ok(Delta::Text("Done.".to_owned())),
        Ok(Delta::End { stop: StopReason::EndTurn, usage: Some(Usage::default()) }),
    ]);
    scene.ask("createResponse", &second).await.expect(200);
    let call = script.calls().remove(1);
    let ContentBlock::ToolCall(called) = &call.messages[1].content[0] else { panic!("{:?}", call.messages) };
    assert_eq!((called.name.as_str(), called.arguments.as_str()), ("multi_agent_v1__spawn_agent", arguments));
    assert!(
        matches!(&call.messages[2].content[0], ContentBlock::ToolResult(result) if result.call_id == "call_0")
    );
}

#[tokio::test]
async fn whole_answers_have_namespaces_and_models_read_their_text_once() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let calls = [("calendar__add", "{}"), ("get_weather", r#"{"city":"Bonn"}"#)];
    script.script(Ok(answered("", &calls, StopReason::ToolCalls)));
    let mut namespace = calendar();
    namespace["tools"].as_array_mut().unwrap().push(json!({"type": "function", "name": "clear"}));
    let answer =
        scene.ask("createResponse", &with("tools", json!([weather(), namespace]))).await.expect(200).json();
    let id = answer["id"].as_str().unwrap().strip_prefix("resp_").unwrap();
    let expected = json!({"type": "function_call", "id": format!("fc_{id}_0"), "status": "completed",
        "call_id": "call_0", "namespace": "calendar", "name": "add", "arguments": "{}"});
    assert_eq!(answer["output"][0], expected);
    assert_eq!(
        (&answer["output"][1]["name"], answer["output"][1].get("namespace")),
        (&json!("get_weather"), None)
    );
    let tools = script.calls().remove(0).tools.tools;
    let texts: Vec<_> = tools.iter().map(|tool| tool.description.as_deref()).collect();
    let first = "All functions named calendar__…: The caller's days.\n\nAdds a day.";
    assert_eq!(texts, [Some("The weather."), Some(first), None]);
}

#[tokio::test]
async fn a_choice_names_a_function_with_its_namespace() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let mut namespace = calendar();
    namespace["tools"].as_array_mut().unwrap().push(json!({"type": "function", "name": "clear"}));
    let mut body = with("tools", json!([weather(), namespace]));
    let clear = json!({"type": "function", "namespace": "calendar", "name": "clear"});
    body["tool_choice"] = clear.clone();
    script.script(Ok(answered("", &[("calendar__clear", "{}")], StopReason::ToolCalls)));
    scene.ask("createResponse", &body).await.expect(200);
    let call = script.calls().pop().unwrap();
    assert_eq!(call.tools.choice, ToolChoice::Named("calendar__clear".to_owned()));
    // The first function that is offered has the namespace's text.
    body["tool_choice"] = json!({"type": "allowed_tools", "mode": "auto", "tools": [clear]});
    script.answer("No.");
    scene.ask("createResponse", &body).await.expect(200);
    let tools = script.calls().pop().unwrap().tools.tools;
    let texts: Vec<_> = tools.iter().map(|tool| (tool.name.as_str(), tool.description.as_deref())).collect();
    assert_eq!(texts, [("calendar__clear", Some("All functions named calendar__…: The caller's days."))]);
    body["tool_choice"]["tools"] = json!([{"type": "function", "name": "clear"}]);
    assert_eq!(error(&scene, &body).await["param"], "tool_choice.tools.0");
}

#[tokio::test]
async fn wrong_tools_of_namespaces_are_named_by_their_place() {
    let scene = Scene::start().await;
    let changed = |member: &str, value: Value| {
        let mut namespace = calendar();
        namespace["tools"][0][member] = value;
        with("tools", json!([weather(), namespace]))
    };
    let named = json!({"type": "function", "name": "calendar__add"});
    for (body, named) in [
        (changed("parameters", json!({"type": "string"})), "tools.1.tools.0.parameters"),
        (changed("name", Value::Null), "tools.1.tools.0.name"),
        (changed("type", json!("web_search")), "tools.1.tools.0.type"),
        (changed("type", json!("namespace")), "tools.1.tools.0.type"),
        (changed("function", json!({})), "tools.1.tools.0.function"),
        (with("tools", json!([named, calendar()])), "tools.1.tools.0.name"),
        (with("tools", json!([{"type": "namespace", "name": "n"}])), "tools.0"),
        (with("tools", json!([{"type": "namespace", "tools": []}])), "tools.0"),
    ] {
        assert_eq!(error(&scene, &body).await["param"], named);
    }
}

#[tokio::test]
async fn hosted_tools_are_left_out_beside_functions() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    for kind in
        ["web_search", "web_search_preview", "file_search", "mcp", "shell", "apply_patch", "tool_search"]
    {
        scene.world.pass(100);
        let hosted =
            json!({"type": kind, "server_label": "l", "server_url": "https://a.example", "name": "n"});
        let mut deferred = weather();
        deferred["defer_loading"] = json!(true);
        let answer =
            scene.ask("createResponse", &with("tools", json!([hosted, deferred]))).await.expect(200).json();
        assert_eq!(answer["tools"], json!([deferred]));
        let tools = scene.world.model().script.calls().pop().unwrap().tools.tools;
        assert_eq!(tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["get_weather"]);
        // A request that has nothing else, or forces it, would not get what it is for.
        let alone = error(&scene, &with("tools", json!([hosted]))).await;
        let message = format!("tools.0.type: must be function or custom: {kind} is not supported");
        assert_eq!((&alone["message"], &alone["param"]), (&json!(message), &json!("tools.0.type")));
        let mut forced = with("tools", json!([hosted, weather()]));
        forced["tool_choice"] = json!({"type": kind});
        let forced = error(&scene, &forced).await;
        assert_eq!(forced["param"], "tool_choice");
        assert!(forced["message"].as_str().unwrap().ends_with(&format!(": {kind} does not run here")));
    }
}

#[tokio::test]
async fn tools_among_the_items_are_offered() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    script.script(Ok(answered("", &[("calendar__add", "{}")], StopReason::ToolCalls)));
    let further = |tools: Value| json!({"type": "additional_tools", "role": "developer", "tools": tools});
    let items = |tools: Value| prompt(json!([further(tools), {"role": "user", "content": "x"}]));
    let answer = scene.ask("createResponse", &items(json!([calendar()]))).await.expect(200).json();
    assert_eq!(
        (&answer["output"][0]["namespace"], &answer["output"][0]["name"]),
        (&json!("calendar"), &json!("add"))
    );
    assert_eq!(script.calls().remove(0).tools.tools[0].name, "calendar__add");
    for (tools, named) in [
        (json!([{"type": "function"}]), "input.0.tools.0.name"),
        (json!("x"), "input.0.tools"),
        (Value::Null, "input.0.tools"),
    ] {
        assert_eq!(error(&scene, &items(tools)).await["param"], named);
    }
}

#[tokio::test]
async fn custom_tools_in_namespaces_come_back_with_their_namespace() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let sql = json!([{"type": "namespace", "name": "db", "tools": [{"type": "custom", "name": "sql"}]}]);
    script.script(Ok(answered("", &[("db__sql", r#"{"input":"SELECT 1"}"#)], StopReason::ToolCalls)));
    let answer = scene.ask("createResponse", &with("tools", sql.clone())).await.expect(200).json();
    let id = answer["id"].as_str().unwrap().strip_prefix("resp_").unwrap();
    let called = json!({"type": "custom_tool_call", "id": format!("ctc_{id}_0"), "status": "completed",
        "call_id": "call_0", "namespace": "db", "name": "sql", "input": "SELECT 1"});
    assert_eq!(answer["output"][0], called);

    let output = json!({"type": "custom_tool_call_output", "call_id": "call_0", "output": "1"});
    let mut body = prompt(json!([{"role": "user", "content": "x"}, called, output]));
    (body["tools"], body["stream"]) = (sql, json!(true));
    script.stream([
        Ok(Delta::ToolCall { id: "call_1".to_owned(), name: "db__sql".to_owned() }),
        Ok(Delta::Arguments(r#"{"input":"SELECT 2"}"#.to_owned())),
        Ok(Delta::End { stop: StopReason::ToolCalls, usage: Some(Usage::default()) }),
    ]);
    let events = events(&scene.ask("createResponse", &body).await.expect(200));
    let item = &events.last().unwrap()["response"]["output"][0];
    assert_eq!(
        (&item["namespace"], &item["name"], &item["input"]),
        (&json!("db"), &json!("sql"), &json!("SELECT 2"))
    );
    let call = script.calls().remove(1);
    let ContentBlock::ToolCall(called) = &call.messages[1].content[0] else { panic!("{:?}", call.messages) };
    assert_eq!((called.name.as_str(), called.arguments.as_str()), ("db__sql", r#"{"input":"SELECT 1"}"#));
}
