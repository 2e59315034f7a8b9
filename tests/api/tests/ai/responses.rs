//! OpenAI's Responses API: the conversation that a model gets, the answer, and refusals with the caller's names.

mod codex;
mod elsewhere;
mod refusals;
mod streams;

use super::{NOVA, SONNET, Scene};
use ports::{ContentBlock, ModelAnswer, Role, StopReason, ToolCall, ToolChoice, Usage};
use serde_json::{Value, json};

/// The smallest PNG, in base64.
const PICTURE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn error(scene: &Scene, body: &Value) -> Value {
    let refused = scene.ask("createResponse", body).await.problem(400, "invalid_request").json();
    assert_eq!(refused["error"]["type"], "invalid_request_error");
    refused["error"].clone()
}

fn with(field: &str, value: Value) -> Value {
    let mut body = prompt(json!("x"));
    body[field] = value;
    body
}

fn prompt(input: Value) -> Value {
    json!({"model": NOVA, "input": input})
}

fn answered(text: &str, calls: &[(&str, &str)], stop: StopReason) -> ModelAnswer {
    let calls = calls.iter().enumerate().map(|(at, (name, arguments))| ToolCall {
        id: format!("call_{at}"),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    });
    let usage = Usage {
        input_tokens: 80,
        output_tokens: 7,
        cache_read_tokens: 10,
        cache_write_tokens: 5,
        reasoning_tokens: 3,
    };
    ModelAnswer {
        reasoning: Vec::new(),
        text: text.to_owned(),
        tool_calls: calls.collect(),
        stop,
        usage: Some(usage),
    }
}

/// A function, in the flat form of this API.
fn weather() -> Value {
    json!({"type": "function", "name": "get_weather", "description": "The weather.", "strict": true,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}})
}

#[tokio::test]
async fn an_answer_has_its_text_its_usage_and_the_fields_of_the_request() {
    let scene = Scene::start().await;
    scene.world.model().script.script(Ok(answered("A wren.", &[], StopReason::EndTurn)));
    let body = json!({"model": "auto", "input": "Name a bird.", "instructions": "Be short.", "max_output_tokens": 50,
        "temperature": 0.1, "metadata": {"a": "b"}, "user": "u", "parallel_tool_calls": false, "store": false});
    let answer = scene.ask("createResponse", &body).await.expect(200);
    assert_eq!(answer.header("x-sextant-model"), Some(SONNET));
    let mut answer = answer.json();
    let id = answer["id"].as_str().unwrap().strip_prefix("resp_").unwrap().to_owned();
    assert_eq!(id.len(), 26);
    let created_at = answer["created_at"].take();
    assert!(created_at.as_i64().unwrap() > 1_700_000_000, "{created_at}");
    let part = json!({"type": "output_text", "text": "A wren.", "annotations": [], "logprobs": []});
    let expected = json!({
        "id": format!("resp_{id}"), "object": "response", "created_at": null, "status": "completed",
        "background": false, "error": null, "incomplete_details": null, "instructions": "Be short.",
        "max_output_tokens": 50, "metadata": {"a": "b"}, "model": SONNET,
        "output": [{"type": "message", "id": format!("msg_{id}_0"), "status": "completed", "role": "assistant",
            "content": [part]}],
        "parallel_tool_calls": false, "previous_response_id": null, "reasoning": {"effort": null, "summary": null},
        "store": false, "temperature": 0.1, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
        "top_p": null, "truncation": "disabled", "user": "u",
        "usage": {
            "input_tokens": 95, "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
            "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 102,
        },
    });
    assert_eq!(answer, expected);
    let call = scene.world.model().script.calls().remove(0);
    assert_eq!(
        (call.system.as_str(), call.max_output_tokens, call.temperature),
        ("Be short.", 50, Some(0.1))
    );
    assert_eq!(
        (call.messages[0].role, call.messages[0].joined_text().as_str()),
        (Role::User, "Name a bird.")
    );
    assert!(call.tools.one_at_a_time);
}

#[tokio::test]
async fn a_cut_answer_is_incomplete_and_says_why() {
    let scene = Scene::start().await;
    for (stop, reason) in
        // The last reason is not known: the answer may be cut.
        [
            (StopReason::MaxTokens, "max_output_tokens"),
            (StopReason::Filtered, "content_filter"),
            (StopReason::Other, "max_output_tokens"),
        ]
    {
        scene.world.model().script.script(Ok(answered("A wr", &[], stop)));
        let answer = scene.ask("createResponse", &prompt(json!("Name a bird."))).await.expect(200).json();
        assert_eq!(answer["status"], "incomplete");
        assert_eq!(answer["incomplete_details"], json!({"reason": reason}));
        assert_eq!(answer["output"][0]["status"], "incomplete");
    }
}

#[tokio::test]
async fn a_model_calls_functions_and_gets_their_outputs() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let calls = [("get_weather", r#"{"city": "Bonn"}"#), ("get_weather", r#"{"city":"Lyon"}"#)];
    script.script(Ok(answered("Let me look.", &calls, StopReason::ToolCalls)));
    let mut body = prompt(json!([{"role": "user", "content": "Is it warmer in Bonn or in Lyon?"}]));
    body["tools"] = json!([weather()]);
    body["tool_choice"] = json!({"type": "function", "name": "get_weather"});
    body["reasoning"] = json!({"effort": "low", "summary": "auto"});
    let answer = scene.ask("createResponse", &body).await.expect(200).json();
    assert_eq!((&answer["tools"], &answer["tool_choice"]), (&body["tools"], &body["tool_choice"]));
    let id = answer["id"].as_str().unwrap().strip_prefix("resp_").unwrap();
    let [said, first, second] = &answer["output"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!(said["content"][0]["text"], "Let me look.");
    let expected = json!({"type": "function_call", "id": format!("fc_{id}_1"), "status": "completed",
        "call_id": "call_0", "name": "get_weather", "arguments": r#"{"city": "Bonn"}"#});
    assert_eq!(*first, expected);
    let asked = script.calls().remove(0);
    assert_eq!(asked.tools.choice, ToolChoice::Named("get_weather".to_owned()));
    let tool = &asked.tools.tools[0];
    assert_eq!((tool.description.as_deref(), tool.strict), (Some("The weather."), true));
    assert_eq!(tool.parameters, weather()["parameters"]);

    // The items of the answer are sent back as they came, with the outputs.
    body["input"] = json!([
        {"role": "user", "content": "Is it warmer in Bonn or in Lyon?"}, said, first, second,
        {"type": "function_call_output", "call_id": "call_0", "output": "21"},
        {"type": "function_call_output", "call_id": "call_1", "output": [
            {"type": "input_text", "text": "23"}, {"type": "input_image", "image_url": PICTURE, "detail": "auto"}]},
    ]);
    body["tool_choice"] = json!("none");
    script.script(Ok(answered("In Lyon.", &[], StopReason::EndTurn)));
    let answer = scene.ask("createResponse", &body).await.expect(200).json();
    assert_eq!(answer["output"][0]["content"][0]["text"], "In Lyon.");
    let asked = script.calls().remove(1);
    assert_eq!(asked.tools.choice, ToolChoice::None);
    let [_, model, caller] = &asked.messages[..] else { panic!("{:?}", asked.messages) };
    assert_eq!((model.role, model.content.len(), caller.role), (Role::Assistant, 3, Role::User));
    let [ContentBlock::ToolResult(first), ContentBlock::ToolResult(second)] = &caller.content[..] else {
        panic!("{caller:?}")
    };
    assert_eq!((first.call_id.as_str(), first.content[0].as_text()), ("call_0", Some("21")));
    assert!(matches!(second.content[1], ContentBlock::Image(_)));
}

#[tokio::test]
async fn every_form_of_a_message_is_read() {
    let scene = Scene::start().await;
    scene.world.model().script.always("An owl.");
    let body = prompt(json!([
        {"role": "developer", "content": [{"type": "input_text", "text": "Be short."}]},
        {"type": "message", "role": "system", "content": "Be kind.", "status": "completed", "id": "msg_1"},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "What is this?", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "input_image", "image_url": PICTURE, "detail": "low"},
            {"type": "input_file", "filename": "birds.csv", "file_data": "data:text/csv;base64,YSxi"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}],
            "encrypted_content": "gAAA"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "tool_search_call", "arguments": {"q": "x"}, "call_id": null},
        {"type": "message", "id": "msg_2", "role": "assistant", "status": "completed", "phase": "final_answer", "content": [
            {"type": "output_text", "text": "A wren.", "annotations": [{"type": "url_citation"}], "logprobs": []},
            {"type": "refusal", "refusal": " No more."}, {"type": "summary_text", "text": "left alone"}]},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "And this?"},
    ]));
    scene.ask("createResponse", &body).await.expect(200);
    let call = scene.world.model().script.calls().remove(0);
    assert_eq!(call.system, "Be short.\n\nBe kind.");
    let [first, second, third] = &call.messages[..] else { panic!("{:?}", call.messages) };
    assert_eq!(first.joined_text(), "What is this?");
    assert!(first.content.iter().any(|block| matches!(block, ContentBlock::Image(_))));
    let named = |block: &ContentBlock| matches!(block, ContentBlock::Document(it) if it.name == "birds");
    assert!(first.content.iter().any(named));
    assert_eq!((second.role, second.joined_text().as_str()), (Role::Assistant, "A wren. No more."));
    assert_eq!(third.joined_text(), "And this?");
}

#[tokio::test]
async fn instructions_alone_are_the_question() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("A wren.");
    let mut body = prompt(json!([{"role": "developer", "content": "Now."}]));
    body["instructions"] = json!("Name a bird.");
    scene.ask("createResponse", &body).await.expect(200);
    let call = scene.world.model().script.calls().remove(0);
    assert_eq!((call.system.as_str(), call.messages.len()), ("", 1));
    assert_eq!(call.messages[0].joined_text(), "Name a bird.\n\nNow.");
}

#[tokio::test]
async fn a_text_matches_its_schema() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let schema =
        json!({"type": "object", "required": ["country"], "properties": {"country": {"type": "string"}}});
    let mut body = prompt(json!("Which country is Lyon in?"));
    let format = json!({"type": "json_schema", "name": "place", "schema": schema, "strict": true});
    body["text"] = json!({"format": format, "verbosity": "low"});
    script.answer(r#"{"land": "France"}"#);
    script.answer("```json\n{\"country\": \"France\"}\n```");
    let answer = scene.ask("createResponse", &body).await.expect(200);
    assert_eq!(answer.header("x-sextant-attempts"), Some("2"));
    let answer = answer.json();
    assert_eq!(answer["output"][0]["content"][0]["text"], r#"{"country": "France"}"#);
    assert_eq!(answer["text"]["format"], format);
    script.always("{}");
    let wrong = scene.ask("createResponse", &body).await.problem(422, "answer_does_not_match_schema");
    assert_eq!(wrong.json()["error"]["type"], "invalid_request_error");
    body["text"] = json!({"format": {"type": "json_object"}});
    scene.ask("createResponse", &body).await.expect(200);
    assert!(script.calls().last().unwrap().system.starts_with("Answer with one JSON object"));
}

#[tokio::test]
async fn the_same_request_without_chance_comes_from_the_cache() {
    let scene = Scene::start().await;
    scene.world.model().script.script(Ok(answered(
        "",
        &[("get_weather", r#"{"city":"Bonn"}"#)],
        StopReason::ToolCalls,
    )));
    let mut body = prompt(json!("How is the weather in Bonn?"));
    (body["temperature"], body["tools"]) = (json!(0), json!([weather()]));
    let first = scene.ask("createResponse", &body).await.expect(200);
    // The same conversation in another form, and in another format.
    body["input"] = json!([{"type": "message", "role": "user", "content": "How is the weather in Bonn?"}]);
    let second = scene.ask("createResponse", &body).await.expect(200);
    assert_eq!((second.header("x-sextant-cache"), scene.asked()), (Some("hit"), 1));
    let (first, second) = (first.json(), second.json());
    let call =
        |answer: &Value| (answer["output"][0]["call_id"].clone(), answer["output"][0]["arguments"].clone());
    assert_eq!(call(&first), call(&second));
    assert_ne!(first["id"], second["id"]);
    let mut tool = weather();
    tool.as_object_mut().unwrap().remove("type");
    let chat = json!({"model": NOVA, "temperature": 0, "messages": [
        {"role": "user", "content": "How is the weather in Bonn?"}], "tools": [{"type": "function", "function": tool}]});
    let third = scene.ask("createChatCompletion", &chat).await.expect(200);
    assert_eq!((third.header("x-sextant-cache"), scene.asked()), (Some("hit"), 1));
}
