//! OpenAI's JavaScript client.

use super::openai::assert_choices;
use super::responses::TEXT_EVENTS;
use super::{CLAUDE, Library, assert_loop, bird, blocks, calling, size, sizing, text};
use serde_json::{Value, json};

pub(super) static OPENAI: Library = Library::node("openai_tools").with_model(CLAUDE);

#[test]
fn each_choice_of_tools_reaches_the_model() {
    let answered = OPENAI.ask("choices", &[sizing(), sizing(), sizing(), text("A wren."), sizing()]);
    assert_choices(&answered.said, &answered.sent);
}

#[test]
fn arguments_arrive_in_pieces() {
    let answered = OPENAI.ask("streamed", &[sizing()]);
    assert_eq!(answered.said["final"]["calls"][0]["arguments"], size(), "{}", answered.said);
    let events = answered.said["events"].as_array().unwrap();
    assert!(events.contains(&json!("tool_calls.function.arguments.done")), "{events:?}");
}

#[test]
fn the_library_s_own_loop_calls_the_function() {
    let answered = OPENAI.ask("loop", &[sizing(), text("Small.")]);
    assert_eq!(
        answered.said,
        json!({"content": "Small.", "roles": ["user", "assistant", "tool", "assistant"]})
    );
    assert_loop(&answered.sent);
}

#[test]
fn pictures_schemas_and_models_work() {
    let answered = OPENAI.ask("others", &[text("Red."), json!({"tool_input": bird()}), calling(&bird())]);
    let said = &answered.said;
    assert_eq!((&said["seen"], &said["model"]), (&json!("Red."), &json!(CLAUDE)));
    assert_eq!((&said["parsed"], &said["called"]), (&bird(), &bird()));
    assert!(said["request_id"].is_string(), "{said}");
    for wrong in ["missing", "completions"] {
        assert_eq!(
            (&said[wrong]["class"], &said[wrong]["status"]),
            (&json!("NotFoundError"), &json!(404)),
            "{wrong}"
        );
    }
    assert_eq!(blocks(&answered.sent[0], 0)[1]["image"]["format"], "png");
}

#[test]
fn the_responses_api_works() {
    let schema = json!({"tool_input": bird()});
    let steps = [text("A wren."), text("An owl."), sizing(), text("Small."), schema, sizing()];
    let answered = OPENAI.ask("responses", &steps);
    let said = &answered.said;
    assert_eq!(said["whole"], json!(["completed", "A wren.", 15]));
    assert_eq!((&said["events"], &said["text"]), (&json!(TEXT_EVENTS), &json!("An owl.")));
    assert_eq!(
        (&said["loop"], &said["parsed"], &said["helper"]),
        (&json!("Small."), &bird(), &json!(["bird_size"]))
    );
    assert_eq!(
        (&said["previous"]["status"], &said["previous"]["param"]),
        (&json!(400), &json!("previous_response_id"))
    );
    assert_loop(&answered.sent[2..4]);
    assert_eq!(answered.sent[0]["system"][0]["text"], Value::from("Be short."));
}
