//! Requests as programs with Anthropic's clients send them. Their texts are shortened and in other words; the members are
//! those that were recorded.

use super::{SONNET, Scene};
use ports::{Reasoning, Role};
use serde_json::{Value, json};

/// The first request of Claude Code 2.1.197 for a prompt on its command line.
fn claude_code() -> Value {
    let text = |text: &str| json!({"type": "text", "text": text});
    let cached = |text: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}});
    json!({
        "model": SONNET,
        "messages": [{"role": "user", "content": [
            text("<system-reminder>\nOther agents can be asked.\n</system-reminder>"),
            text("<system-reminder>\nToday is a Monday.\n</system-reminder>"),
            cached("hello"),
        ]}],
        "system": [
            text("x-anthropic-billing-header: cc_version=2.1.197.fa0; cc_entrypoint=sdk-cli;"),
            cached("You are an agent."),
            json!({"type": "text", "text": "You write code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        ],
        "tools": [
            {
                "name": "Bash",
                "description": "Runs a command.",
                "input_schema": {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "type": "object",
                    "properties": {
                        "command": {"description": "The command", "type": "string"},
                        "timeout": {"description": "In milliseconds", "type": "number"},
                    },
                    "required": ["command"],
                    "additionalProperties": false,
                },
            },
            {
                "name": "Read",
                "description": "Reads a file.",
                "input_schema": {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "type": "object",
                    "properties": {"file_path": {"type": "string"}},
                    "required": ["file_path"],
                    "additionalProperties": false,
                },
                "eager_input_streaming": true,
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            },
        ],
        "metadata": {"user_id": "{\"device_id\":\"7428\",\"account_uuid\":\"\",\"session_id\":\"6fdb\"}"},
        "max_tokens": 32_000,
        "thinking": {"budget_tokens": 31_999, "type": "enabled"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    })
}

impl Scene {
    async fn ask_as_claude_code(&self, body: &Value) -> api_tests::Answer {
        let betas = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27";
        let call = self.world.call("createMessage").by(&self.person).query("beta", "true");
        let call = call.header("anthropic-version", "2023-06-01").header("anthropic-beta", betas);
        call.header("x-app", "cli").json(body).send().await
    }
}

#[tokio::test]
async fn claude_code_gets_its_answer() {
    let scene = Scene::start().await;
    scene.world.model().script.always("hi");
    let answer = scene.ask_as_claude_code(&claude_code()).await.expect(200).json();
    assert_eq!(answer["content"], json!([{"type": "text", "text": "hi"}]));
    assert_eq!(answer["context_management"], json!({"applied_edits": []}));
    let call = scene.world.model().script.calls().pop().unwrap();
    assert!(call.system.ends_with("\n\nYou are an agent.\n\nYou write code."), "{}", call.system);
    assert_eq!(call.messages.len(), 1);
    assert_eq!((call.messages[0].role, call.messages[0].content.len()), (Role::User, 3));
    assert!(matches!(call.reasoning, Some(Reasoning::Tokens(_))), "{:?}", call.reasoning);
    let names: Vec<&str> = call.tools.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["Bash", "Read"]);
    // It asks newer models in other words.
    let mut adaptive = claude_code();
    adaptive["model"] = json!("us.anthropic.claude-sonnet-4-6");
    adaptive["thinking"] = json!({"type": "adaptive"});
    adaptive["output_config"] = json!({"effort": "high"});
    scene.world.pass(100);
    scene.ask_as_claude_code(&adaptive).await.expect(200);
}

#[tokio::test]
async fn the_edits_stand_at_the_end_of_a_stream() {
    let scene = Scene::start().await;
    let mut body = claude_code();
    body["stream"] = json!(true);
    scene.world.model().script.always("hi");
    let answer = scene.ask_as_claude_code(&body).await.expect(200);
    let end = answer.body.lines().find(|line| line.contains("\"type\":\"message_delta\"")).unwrap();
    let end: Value = serde_json::from_str(end.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(end["context_management"], json!({"applied_edits": []}));
    assert_eq!(end["delta"]["stop_reason"], "end_turn");
}

/// The runner of tools of anthropic 2.14.0 works in a thread. It goes on without one after this code alone.
#[tokio::test]
async fn a_thread_is_refused_with_the_code_for_going_on_without_it() {
    let scene = Scene::start().await;
    scene.world.model().script.always("hi");
    let mut body = super::messages::message("x");
    body["thread"] = json!({"type": "create"});
    let refused = scene.ask("createMessage", &body).await.expect(400).json();
    let expected = json!({
        "type": "invalid_request_error",
        "message": "thread: is not supported: send the whole conversation without it",
        "details": {"error_code": "thread_unsupported_request", "unsupported": []},
    });
    assert_eq!(refused["error"], expected);
    body["thread"] = Value::Null;
    scene.message(&body).await;
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn tools_that_anthropic_defines_and_the_caller_carries_out_are_functions_of_every_model() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let screen = json!({"display_width_px": 1024, "display_height_px": 768, "display_number": 1});
    for (kind, name, more, required, argument) in [
        ("bash_20250124", "bash", json!({}), Value::Null, "/restart"),
        ("text_editor_20250124", "str_replace_editor", json!({}), json!(["command", "path"]), "/new_str"),
        (
            "text_editor_20250728",
            "str_replace_based_edit_tool",
            json!({"max_characters": 9_000, "cache_control": {"type": "ephemeral"}}),
            json!(["command", "path"]),
            "/insert_text",
        ),
        ("memory_20250818", "memory", json!({}), json!(["command"]), "/old_path"),
        ("computer_20241022", "computer", screen.clone(), json!(["action"]), "/coordinate"),
        ("computer_20250124", "computer", screen.clone(), json!(["action"]), "/scroll_direction"),
        ("computer_20251124", "computer", screen, json!(["action"]), "/region"),
    ] {
        let mut tool = json!({"type": kind, "name": name});
        tool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let heard = scene.heard(&super::messages::with("tools", json!([tool]))).await.tools.tools;
        assert_eq!((heard.len(), heard[0].name.as_str(), heard[0].strict), (1, name, false));
        assert_eq!(heard[0].parameters["type"], "object");
        assert_eq!(heard[0].parameters["required"], required, "{kind}");
        assert!(heard[0].parameters["properties"].pointer(argument).is_some(), "{kind}");
        let told = heard[0].description.as_deref().unwrap();
        for (option, words) in [("max_characters", "9000 characters"), ("display_width_px", "1024 x 768")] {
            assert_eq!(told.contains(words), tool.get(option).is_some(), "{kind}: {told}");
        }
    }
    // The model's call has the tool's name.
    let call = ports::ToolCall {
        id: "c1".to_owned(),
        name: "bash".to_owned(),
        arguments: r#"{"command":"ls"}"#.to_owned(),
    };
    scene.world.model().script.script(Ok(super::messages::answered_with(vec![call])));
    scene.world.pass(100);
    let shell = json!([{"type": "bash_20250124", "name": "bash"}]);
    let answer = scene.message(&super::messages::with("tools", shell)).await;
    assert_eq!((&answer["stop_reason"], &answer["content"][0]["name"]), (&json!("tool_use"), &json!("bash")));
    assert_eq!(answer["content"][0]["input"], json!({"command": "ls"}));
    // Options of another tool.
    let wrong = json!([{"type": "bash_20250124", "name": "bash", "max_characters": 9}]);
    assert_eq!(
        scene.refusal(&super::messages::with("tools", wrong)).await,
        "tools.0.max_characters: is not a field of this body"
    );
}

#[tokio::test]
async fn wrong_members_of_tools_that_anthropic_defines_are_named() {
    let scene = Scene::start().await;
    let whole = "must be a whole number that is not negative";
    for (tool, named) in [
        (
            json!({"type": "computer_20241022"}),
            "display_width_px: must be given; tools.0.display_height_px: must be given".to_owned(),
        ),
        (
            json!({"type": "computer_20250124", "display_width_px": "1024", "display_height_px": 0}),
            format!("display_width_px: {whole}; tools.0.display_height_px: must be at least 1"),
        ),
        (
            json!({
                "type": "computer_20251124", "display_width_px": 9, "display_height_px": 9, "enable_zoom": 1,
                "display_number": "a",
            }),
            format!("enable_zoom: must be a boolean; tools.0.display_number: {whole}"),
        ),
        (json!({"type": "text_editor_20250728", "max_characters": -1}), format!("max_characters: {whole}")),
        (
            json!({"type": "bash_20250124", "input_schema": {"type": "object"}}),
            "input_schema: must be left out: the type defines the arguments".to_owned(),
        ),
        (
            json!({"type": "memory_20250818", "description": "My notes."}),
            "description: must be left out: the type says what the tool does; write hints into `system`"
                .to_owned(),
        ),
    ] {
        let mut tool = tool;
        tool["name"] = json!("tool");
        let refusal = scene.refusal(&super::messages::with("tools", json!([tool]))).await;
        assert_eq!(refusal, format!("tools.0.{named}"));
    }
}

#[tokio::test]
async fn examples_of_arguments_stand_in_the_description_of_a_tool() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    for (description, told) in [
        (json!("The weather."), "The weather.\n\nExamples of arguments: [{\"city\":\"Bonn\"}]"),
        (Value::Null, "Examples of arguments: [{\"city\":\"Bonn\"}]"),
    ] {
        let tools = json!([{
            "name": "get_weather", "description": description, "input_schema": {"type": "object"},
            "input_examples": [{"city": "Bonn"}],
        }]);
        let heard = scene.heard(&super::messages::with("tools", tools)).await.tools.tools;
        assert_eq!(heard[0].description.as_deref(), Some(told));
    }
}
