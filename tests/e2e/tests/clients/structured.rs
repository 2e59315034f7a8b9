//! instructor, which asks for objects, and litellm as a client, whose messages have members of other providers.

use super::{CLAUDE, Library, assert_loop, bird, blocks, calling, size, sizing, text};
use serde_json::{Value, json};

static INSTRUCTOR: Library = Library::python_openai_2("instructor_modes").with_model(CLAUDE);
static INSTRUCTOR_ON_NOVA: Library = Library::python_openai_2("instructor_modes");
pub(super) static LITELLM: Library = Library::python("litellm_history");

const MODES: [&str; 3] = ["TOOLS", "JSON", "JSON_SCHEMA"];

fn assert_modes(library: &Library) {
    let schema = json!({"tool_input": bird()});
    let answered = library.ask("modes", &[calling(&bird()), text(&bird().to_string()), schema]);
    for mode in MODES {
        assert_eq!(answered.said[mode], bird(), "{mode}: {}", answered.said);
    }
}

#[test]
fn instructor_gets_objects_in_each_mode() {
    assert_modes(&INSTRUCTOR);
}

#[test]
fn instructor_gets_objects_in_each_mode_from_nova() {
    assert_modes(&INSTRUCTOR_ON_NOVA);
}

/// The name in capitals fits the schema, and not the validator of the program.
#[test]
fn instructor_asks_again_with_the_reason() {
    let mut wrong = bird();
    wrong["name"] = json!("WREN");
    let schema = |value: &Value| json!({"tool_input": value});
    let words = |value: &Value| text(&value.to_string());
    let answered = INSTRUCTOR.ask(
        "again",
        &[calling(&wrong), calling(&bird()), words(&wrong), words(&bird()), schema(&wrong), schema(&bird())],
    );
    for (at, mode) in (0..).zip(MODES) {
        assert_eq!(answered.said[mode], bird(), "{mode}: {}", answered.said);
        let second = &answered.sent[2 * at + 1];
        assert!(second.to_string().contains("must be in lower case"), "{mode}: {second}");
        assert_eq!(blocks(second, 0), blocks(&answered.sent[2 * at], 0), "{mode}");
    }
}

#[test]
fn instructor_streams_partial_objects_and_lists() {
    let nests = json!({"tasks": [{"material": "moss", "eggs": 6}, {"material": "reed", "eggs": null}]});
    let answered = INSTRUCTOR.ask("streamed", &[calling(&bird()), calling(&nests)]);
    assert_eq!(answered.said, json!({"partial": bird(), "several": nests["tasks"]}));
}

#[test]
fn a_history_of_litellm_goes_back_whole() {
    let answered = LITELLM.ask("history", &[sizing(), text("Small.")]);
    assert_eq!((&answered.said["rounds"], &answered.said["content"]), (&json!(2), &json!("Small.")));
    assert_loop(&answered.sent);
    for hidden in ["asks for a size", "Hm.", "c2ln"] {
        assert!(!answered.sent[1].to_string().contains(hidden), "{}", answered.sent[1]);
    }
}

#[test]
fn litellm_streams_calls_and_texts() {
    let answered = LITELLM.ask("streamed", &[sizing(), text("A wren.")]);
    let said = &answered.said;
    assert_eq!((&said["calls"], &said["text"]), (&json!([["bird_size", size()]]), &json!("A wren.")));
    assert_eq!(said["tokens"], 9);
}

#[test]
fn litellm_embeds_speaks_anthropic_s_format_and_raises_its_own_errors() {
    let answered = LITELLM.ask("others", &[text("A wren.")]);
    let expected = json!({"vectors": [1024, 1024], "anthropic": "A wren.", "error": ["NotFoundError", 404]});
    assert_eq!(answered.said, expected);
}
