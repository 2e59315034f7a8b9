//! Histories from OpenAI with calls of tools that are not here.

use super::{Scene, error, prompt};
use ports::{ContentBlock, Role};
use serde_json::{Value, json};

#[tokio::test]
async fn calls_of_tools_that_callers_carry_out_go_on_with_their_outputs() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    script.always("Yes.");
    let user = json!({"role": "user", "content": "x"});
    let shell = json!({"stdout": "hi", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}});
    for (call, output, name, arguments, said, failed) in [
        (
            json!({"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "SELECT 1", "id": "ctc_1"}),
            json!({"type": "custom_tool_call_output", "call_id": "c", "output": "1"}),
            "sql",
            r#"{"input":"SELECT 1"}"#,
            "1",
            false,
        ),
        (
            json!({"type": "local_shell_call", "id": "lsh_1", "call_id": "c", "status": "completed",
                "action": {"type": "exec", "command": ["ls"], "env": {}}}),
            // OpenAI's clients name the call by `id` here.
            json!({"type": "local_shell_call_output", "id": "c", "output": "a b"}),
            "local_shell",
            r#"{"action":{"type":"exec","command":["ls"],"env":{}}}"#,
            "a b",
            false,
        ),
        (
            json!({"type": "shell_call", "call_id": "c", "action": {"commands": ["echo hi"]}, "status": "completed"}),
            json!({"type": "shell_call_output", "call_id": "c", "output": [shell], "max_output_length": 9}),
            "shell",
            r#"{"action":{"commands":["echo hi"]}}"#,
            r#"[{"stdout":"hi","stderr":"","outcome":{"type":"exit","exit_code":0}}]"#,
            false,
        ),
        (
            json!({"type": "apply_patch_call", "call_id": "c", "status": "completed",
                "operation": {"type": "delete_file", "path": "a.txt"}}),
            json!({"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": null}),
            "apply_patch",
            r#"{"operation":{"type":"delete_file","path":"a.txt"}}"#,
            "failed",
            true,
        ),
    ] {
        scene.world.pass(100);
        scene.ask("createResponse", &prompt(json!([user, call, output, user]))).await.expect(200);
        let turns = script.calls().pop().unwrap().messages;
        let [_, model, caller] = &turns[..] else { panic!("{turns:?}") };
        assert_eq!((model.role, caller.role), (Role::Assistant, Role::User));
        let ContentBlock::ToolCall(called) = &model.content[0] else { panic!("{turns:?}") };
        assert_eq!((called.name.as_str(), called.arguments.as_str()), (name, arguments));
        let ContentBlock::ToolResult(result) = &caller.content[0] else { panic!("{turns:?}") };
        assert_eq!((result.call_id.as_str(), result.content[0].as_text()), ("c", Some(said)));
        assert_eq!(result.is_error, failed);
        // Neither stands alone, as with functions.
        for alone in [call, output] {
            assert_eq!(error(&scene, &prompt(json!([user, alone]))).await["param"], "input.1.call_id");
        }
    }
}

#[tokio::test]
async fn items_of_hosted_tools_are_left_alone_with_what_belongs_to_them() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Yes.");
    let body = prompt(json!([
        {"role": "user", "content": "x"},
        {"type": "mcp_list_tools", "id": "i", "server_label": "l", "tools": [{"name": "n", "input_schema": {}}]},
        {"type": "mcp_approval_request", "id": "i", "server_label": "l", "name": "n", "arguments": "{}"},
        {"type": "mcp_approval_response", "approval_request_id": "i", "approve": true},
        {"type": "mcp_call", "id": "i", "server_label": "l", "name": "n", "arguments": "{}", "output": "o"},
        {"type": "tool_search_call", "arguments": {"q": "x"}, "call_id": "t"},
        {"type": "tool_search_output", "call_id": "t", "tools": []},
        {"type": "program", "id": "p", "call_id": "p", "code": "1", "fingerprint": "f"},
        {"type": "program_output", "id": "p", "call_id": "p", "result": "1", "status": "completed"},
        {"type": "computer_call", "id": "cu", "call_id": "k", "action": {"type": "screenshot"}, "status": "completed"},
        {"type": "computer_call_output", "call_id": "k", "acknowledged_safety_checks": [],
            "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}},
        {"role": "assistant", "content": "y"},
        {"role": "user", "content": "z"},
    ]));
    scene.ask("createResponse", &body).await.expect(200);
    let turns = scene.world.model().script.calls().remove(0).messages;
    assert_eq!(turns.iter().map(|turn| turn.joined_text()).collect::<Vec<_>>(), ["x", "y", "z"]);
}

#[tokio::test]
async fn a_compacted_history_is_refused_because_only_openai_can_read_it() {
    let scene = Scene::start().await;
    let compacted: Value = json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"});
    let error = error(&scene, &prompt(json!([compacted, {"role": "user", "content": "x"}]))).await;
    assert_eq!(error["param"], "input.0.type");
    assert!(error["message"].as_str().unwrap().contains("send the items that it stands for"));
}
