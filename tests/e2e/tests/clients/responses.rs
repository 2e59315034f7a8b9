//! OpenAI's Python client by the Responses API.

use super::{GPT, Library, assert_loop, bird, blocks, size, sizing, text};
use serde_json::{Value, json};

pub(super) static OPENAI: Library = Library::python("openai_responses");
static ON_GPT: Library = Library::python("openai_responses").with_model(GPT);
/// A model of each provider.
static PROVIDERS: [&Library; 2] = [&OPENAI, &ON_GPT];

/// The events of a text, in order.
pub(super) const TEXT_EVENTS: [&str; 9] = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
];

#[test]
fn a_response_is_whole() {
    let cut = json!({"text": "A wr", "stop_reason": "max_tokens"});
    let answered = OPENAI.ask("whole", &[text("A wren."), cut, text("Red."), text("An owl.")]);
    let said = &answered.said;
    assert_eq!((&said["status"], &said["object"]), (&json!("completed"), &json!("response")));
    assert_eq!((&said["text"], &said["kinds"]), (&json!("A wren."), &json!(["message"])));
    assert_eq!(said["instructions"], "Be short.");
    assert_eq!(
        (&said["usage"]["input_tokens"], &said["usage"]["output_tokens"], &said["usage"]["total_tokens"]),
        (&json!(12), &json!(3), &json!(15))
    );
    assert!(said["request_id"].is_string(), "{said}");
    assert_eq!(said["cut"], json!(["incomplete", "max_output_tokens"]));
    assert_eq!((&said["picture"], &said["turns"]), (&json!("Red."), &json!("An owl.")));
    assert_eq!(answered.sent[0]["system"][0]["text"], "Be short.");
    assert_eq!(answered.sent[0]["inferenceConfig"]["maxTokens"], 50);
    assert!(blocks(&answered.sent[2], 0)[1].get("image").is_some());
    assert_eq!(blocks(&answered.sent[3], 1)[0]["text"], "A wren.");
}

#[test]
fn events_come_in_the_order_of_the_library_s_types() {
    for library in PROVIDERS {
        let answered = library.ask("streamed", &[text("A wren, which is small."), sizing()]);
        let said = &answered.said;
        assert_eq!(said["events"], json!(TEXT_EVENTS), "{said}");
        assert_eq!((&said["numbers"], &said["text"]), (&json!(true), &json!("A wren, which is small.")));
        assert_eq!(said["final_text"], said["text"]);
        assert_eq!(said["usage"]["total_tokens"], 15);
        let called = [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ];
        assert_eq!(said["helper_events"], json!(called), "{said}");
        assert_eq!(said["helper_calls"], json!([["bird_size", size()]]));
    }
}

#[test]
fn items_go_back_until_there_is_a_text() {
    for library in PROVIDERS {
        let answered = library.ask("tools", &[sizing(), text("Small.")]);
        assert_eq!(answered.said, json!({"rounds": 2, "text": "Small."}));
        assert_loop(&answered.sent);
    }
}

#[test]
fn each_choice_of_tools_reaches_the_model() {
    let answered = OPENAI.ask("choices", &[sizing(), sizing(), text("A wren.")]);
    assert_eq!(answered.said["kinds"], json!([["function_call"], ["function_call"], ["message"]]));
    let choice = |at: usize| &answered.sent[at]["toolConfig"]["toolChoice"];
    assert!(choice(0).get("any").is_some() && choice(1)["tool"]["name"] == "bird_size", "{}", choice(1));
}

#[test]
fn a_response_by_a_schema_is_parsed_by_the_library() {
    for library in PROVIDERS {
        let answered = library.ask("parsed", &[json!({"tool_input": bird()}), text("{\"bird\": \"wren\"}")]);
        assert_eq!(answered.said, json!({"bird": bird(), "object": {"bird": "wren"}}));
    }
}

#[test]
fn requests_for_a_server_with_state_are_refused_in_words() {
    let answered = OPENAI.ask("refused", &[]);
    let said = &answered.said;
    for (case, status, param) in [
        ("previous", 400, json!("previous_response_id")),
        ("model", 404, Value::Null),
        ("streamed", 404, Value::Null),
        ("hosted_tool", 400, json!("tools.0.type")),
        ("retrieved", 404, Value::Null),
    ] {
        let error = &said[case];
        assert_eq!(error["status"], status, "{case}: {error}");
        assert!(param.is_null() || error["param"] == param, "{case}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty(), "{case}");
    }
    assert!(answered.sent.is_empty(), "no model is asked");
}

/// `store` is true by default in OpenAI's format; a program that never heard of it must work.
#[test]
fn a_program_that_does_not_set_store_is_answered() {
    let answered = OPENAI.ask("unset_store", &[text("A wren.")]);
    assert_eq!(answered.said["text"], "A wren.");
}

#[test]
fn answers_and_events_fit_the_library_s_types() {
    let answered = OPENAI.ask("valid", &[sizing(), text("A wren."), sizing(), text("A wren.")]);
    assert_eq!(answered.said, json!({"whole": [], "streamed": []}));
}
