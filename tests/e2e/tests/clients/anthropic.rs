//! Anthropic's Python client, with its own format.

use super::sent::{assert_picture, last_text};
use super::{CLAUDE, GPT, Library, assert_loop, blocks, size, sizing, text};
use serde_json::{Value, json};

pub(super) static ANTHROPIC: Library = Library::python("anthropic_messages").with_model(CLAUDE);
pub(super) static ON_GPT: Library = Library::python("anthropic_messages").with_model(GPT);
/// A model of each provider.
static PROVIDERS: [&Library; 2] = [&ANTHROPIC, &ON_GPT];

fn said_text(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

#[test]
fn a_message_is_whole() {
    let stopped = json!({"text": "A wren.", "stop_reason": "stop_sequence"});
    let cut = json!({"text": "A", "stop_reason": "max_tokens"});
    let answered = ANTHROPIC.ask("whole", &[text("A wren."), stopped, text("small."), cut]);
    let said = &answered.said;
    assert_eq!((&said["id"], &said["kind"]), (&json!("msg_"), &json!(["message", "assistant", CLAUDE])));
    assert_eq!(said["said"], json!({"reason": "end_turn", "blocks": said_text("A wren.")}));
    assert_eq!((&said["usage"]["input_tokens"], &said["usage"]["output_tokens"]), (&json!(12), &json!(3)));
    assert!(said["request_id"].is_string(), "{said}");
    assert_eq!((&said["stopped"][0], &said["cut"]), (&json!("stop_sequence"), &json!("max_tokens")));
    assert_eq!(said["prefilled"], said_text("small."));
    assert_eq!(answered.sent[0]["system"][0]["text"], "Be short.");
    assert_eq!(answered.sent[1]["inferenceConfig"]["stopSequences"], json!(["END"]));
    assert_eq!(answered.sent[1]["inferenceConfig"]["temperature"], 0.5);
    assert_eq!(blocks(&answered.sent[2], 1)[0]["text"], "A wren is");
}

#[test]
fn events_come_in_the_order_of_the_library_s_types() {
    for library in PROVIDERS {
        let answered = library.ask("streamed", &[text("A wren."), text("A wren."), sizing()]);
        let said = &answered.said;
        let expected = [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "text",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ];
        assert_eq!(said["events"], json!(expected), "{said}");
        let raw: Vec<&str> = expected.into_iter().filter(|kind| *kind != "text").collect();
        let heard: Vec<&str> = said["raw"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "ping")
            .collect();
        assert_eq!(heard, raw);
        assert_eq!((&said["text"], &said["final"]["blocks"]), (&json!("A wren."), &said_text("A wren.")));
        assert_eq!(
            (&said["usage"]["input_tokens"], &said["usage"]["output_tokens"]),
            (&json!(12), &json!(3))
        );
        assert_eq!(serde_json::from_str::<Value>(said["pieces"].as_str().unwrap()).unwrap(), size());
        let called = &said["called"];
        assert_eq!((&called["reason"], &called["blocks"][0]["input"]), (&json!("tool_use"), &size()));
    }
}

#[test]
fn results_of_tools_go_back_until_there_is_a_text() {
    for library in PROVIDERS {
        let answered = library.ask("tools", &[sizing(), text("Small.")]);
        assert_eq!(answered.said["said"]["blocks"], said_text("Small."));
        assert_loop(&answered.sent);
        assert_eq!(last_text(&answered.sent[1]), "Go on.");
    }
}

#[test]
fn each_choice_of_tools_reaches_the_model() {
    let answered = ANTHROPIC.ask("choices", &[sizing(), sizing(), sizing(), text("A wren.")]);
    for choice in ["auto", "any", "tool"] {
        let block = &answered.said[choice]["blocks"][0];
        assert_eq!((&block["name"], &block["input"]), (&json!("bird_size"), &size()), "{choice}");
    }
    assert_eq!(answered.said["none"]["blocks"], said_text("A wren."));
    let choice = |at: usize| &answered.sent[at]["toolConfig"]["toolChoice"];
    assert!(choice(1).get("any").is_some() && choice(2)["tool"]["name"] == "bird_size", "{}", choice(2));
}

#[test]
fn pictures_reach_the_model_in_messages_and_in_results() {
    for library in PROVIDERS {
        let answered = library.ask("images", &[text("Red."), text("A red wren.")]);
        assert_eq!(answered.said["seen"]["blocks"], said_text("Red."));
        assert_eq!(answered.said["result"]["blocks"], said_text("A red wren."));
        for sent in &answered.sent {
            assert_picture(sent);
        }
        assert!(answered.sent[1].to_string().contains("This is the bird."), "{}", answered.sent[1]);
    }
}

#[test]
fn the_client_raises_its_own_errors() {
    let answered = ANTHROPIC.ask("errors", &[]);
    for (case, class, status, kind) in [
        ("unauthenticated", "AuthenticationError", 401, "authentication_error"),
        ("no_model", "NotFoundError", 404, "not_found_error"),
        ("no_messages", "BadRequestError", 400, "invalid_request_error"),
        ("streamed", "NotFoundError", 404, "not_found_error"),
    ] {
        let error = &answered.said[case];
        assert_eq!((&error["class"], &error["status"]), (&json!(class), &json!(status)), "{case}: {error}");
        // The gateway's own 401 is one document for all formats.
        if case != "unauthenticated" {
            assert_eq!(error["kind"], json!(["error", kind]), "{case}: {error}");
        }
        assert!(error["request_id"].is_string(), "{case}: {error}");
    }
    assert!(answered.sent.is_empty(), "no model is asked");
}

#[test]
fn the_key_is_taken_from_either_header() {
    let answered = ANTHROPIC.ask("tokens", &[text("A wren.")]);
    assert_eq!(answered.said["bearer"]["blocks"], said_text("A wren."));
    assert_eq!(answered.said["model"], CLAUDE);
}

#[test]
fn the_runner_of_tools_goes_on_without_a_thread() {
    let answered = ANTHROPIC.ask("runner", &[sizing(), text("Small.")]);
    let said = &answered.said["said"];
    assert_eq!((&said[0]["reason"], &said[1]["blocks"]), (&json!("tool_use"), &said_text("Small.")));
    assert_eq!(answered.said["edits"], json!({"applied_edits": []}));
    assert_loop(&answered.sent);
}

#[test]
fn tokens_are_counted_without_a_model() {
    let answered = ANTHROPIC.ask("counted", &[]);
    let tokens = |name: &str| answered.said[name].as_u64().unwrap();
    // 20 bytes, and 16 tokens each around the turn and the instructions.
    assert_eq!(tokens("plain"), 7 + 32);
    assert!(tokens("tools") > tokens("plain") + 600, "{}", answered.said);
    let batches = &answered.said["batches"];
    assert_eq!((&batches["status"], &batches["kind"]), (&json!(404), &json!(["error", "not_found_error"])));
    assert!(batches["message"].as_str().unwrap().contains("POST /v1/batches"), "{batches}");
    assert!(answered.sent.is_empty(), "no model is asked");
}

#[test]
fn answers_and_events_fit_the_library_s_types() {
    let answered = ANTHROPIC.ask("valid", &[sizing(), text("A wren."), sizing(), text("A wren.")]);
    assert_eq!(answered.said, json!({"whole": [], "streamed": []}));
}
