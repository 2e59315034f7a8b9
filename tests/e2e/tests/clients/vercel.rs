//! Vercel's `ai` with both of its providers for OpenAI's format; one of them also speaks the Responses API.

use super::sent::assert_picture;
use super::{CLAUDE, GPT, Library, assert_loop, bird, size, sizing, text};
use serde_json::json;

pub(super) static AI: Library = Library::node("vercel_ai").with_model(CLAUDE);
pub(super) static ON_GPT: Library = Library::node("vercel_ai").with_model(GPT);
/// A model of each provider of models.
static MODELS: [&Library; 2] = [&AI, &ON_GPT];

/// The library's own providers.
const PROVIDERS: [&str; 3] = ["chat", "responses", "compatible"];

fn everywhere() -> impl Iterator<Item = (&'static Library, &'static str)> {
    MODELS.into_iter().flat_map(|library| PROVIDERS.into_iter().map(move |provider| (library, provider)))
}

#[test]
fn texts_are_whole_and_streamed() {
    for provider in PROVIDERS {
        let answered =
            AI.ask(&format!("{provider}_texts"), &[text("A wren."), text("An owl, which is large.")]);
        let expected =
            json!({"whole": ["A wren.", "stop", 15], "streamed": ["An owl, which is large.", "stop", 15]});
        assert_eq!(answered.said, expected, "{provider}");
        assert_eq!(answered.sent[0]["system"][0]["text"], "Be short.", "{provider}");
    }
}

#[test]
fn loops_call_tools_until_there_is_a_text() {
    for (library, provider) in everywhere() {
        let steps = [sizing(), text("Small."), sizing(), text("Still small.")];
        let answered = library.ask(&format!("{provider}_loops"), &steps);
        let called = json!([["bird_size", size()]]);
        let expected = json!({"whole": ["Small.", called], "streamed": ["Still small.", called]});
        assert_eq!(answered.said, expected, "{provider}");
        assert_loop(&answered.sent[..2]);
        assert_loop(&answered.sent[2..]);
    }
}

#[test]
fn objects_match_their_schema() {
    for (library, provider) in everywhere() {
        let schema = json!({"tool_input": bird()});
        let answered = library.ask(&format!("{provider}_objects"), &[schema.clone(), schema.clone(), schema]);
        for case in ["whole", "streamed", "last", "output"] {
            assert_eq!(answered.said[case], bird(), "{provider} {case}: {}", answered.said);
        }
    }
}

#[test]
fn pictures_reach_the_model() {
    for (library, provider) in everywhere() {
        let answered = library.ask(&format!("{provider}_pictures"), &[text("Red.")]);
        assert_eq!(answered.said["text"], "Red.", "{provider}");
        assert_picture(&answered.sent[0]);
    }
}

#[test]
fn several_texts_are_embedded_at_once() {
    let answered = AI.ask("vectors", &[]);
    assert_eq!(answered.said["lengths"], json!([[1024, 1024], [1024, 1024]]));
}
