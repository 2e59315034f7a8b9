//! Streams that break off at the provider: each library must tell its caller, and never show a cut text as a whole one.

use super::agents::{LANGCHAIN, LLAMA_INDEX, PYDANTIC_AI};
use super::anthropic::{ANTHROPIC, ON_GPT as ANTHROPIC_ON_GPT};
use super::javascript::OPENAI as OPENAI_JAVASCRIPT;
use super::openai::{NOVA as OPENAI, ON_GPT as OPENAI_ON_GPT};
use super::responses::OPENAI as RESPONSES;
use super::structured::LITELLM;
use super::vercel::{AI, ON_GPT as AI_ON_GPT};
use super::{Library, text};
use serde_json::{Value, json};

const TEXT: &str = "A wren is a small brown bird that sings loudly, and an owl is a large one that does not.";

/// After the first piece of the text, within a frame or between two, and before the last one.
const CUTS: [usize; 3] = [700, 1_111, 2_000];

fn cut(bytes: usize) -> Value {
    json!({"text": TEXT, "chunks": 16, "chunk_delay_ms": 5, "cut_after_bytes": bytes})
}

fn assert_told(library: &Library, function: &str, bytes: usize) {
    let answered = library.ask(function, &[cut(bytes)]);
    let said = &answered.said;
    assert!(said["error"].is_string(), "{function} after {bytes} bytes: {said}");
    if let Some(text) = said["text"].as_str() {
        assert!(TEXT.starts_with(text) && text.len() < TEXT.len(), "{function} after {bytes} bytes: {said}");
    }
    assert_eq!(answered.sent.len(), 1, "a stream that has begun is not asked for again");
}

/// The same function without a failure has none, so that an error means one.
fn assert_whole(library: &Library, function: &str) {
    let answered = library.ask(function, &[text(TEXT)]);
    assert!(answered.said["error"].is_null(), "{function}: {}", answered.said);
}

#[test]
fn the_client_of_openai_raises_an_error_wherever_the_stream_breaks_off() {
    for bytes in CUTS {
        assert_told(&OPENAI, "broken", bytes);
    }
    assert_whole(&OPENAI, "broken");
}

/// The provider's own stream is of another format there.
#[test]
fn the_clients_raise_an_error_also_when_a_server_with_openai_s_format_breaks_off() {
    for (library, function) in
        [(&OPENAI_ON_GPT, "broken"), (&ANTHROPIC_ON_GPT, "broken"), (&AI_ON_GPT, "chat_broken")]
    {
        assert_told(library, function, CUTS[1]);
        assert_whole(library, function);
    }
}

/// Each once: ten failures of twenty calls would open the model's breaker for the other tests.
#[test]
fn the_other_clients_of_openai_and_anthropic_raise_an_error() {
    for library in [&RESPONSES, &ANTHROPIC, &OPENAI_JAVASCRIPT] {
        assert_told(library, "broken", CUTS[1]);
        assert_whole(library, "broken");
    }
}

#[test]
fn the_libraries_for_agents_raise_an_error() {
    for library in [&LANGCHAIN, &PYDANTIC_AI, &LITELLM, &LLAMA_INDEX] {
        assert_told(library, "broken", CUTS[1]);
        assert_whole(library, "broken");
    }
}

#[test]
fn vercel_s_stream_has_an_error() {
    for provider in ["chat", "responses", "compatible"] {
        let function = format!("{provider}_broken");
        assert_told(&AI, &function, CUTS[1]);
        assert_whole(&AI, &function);
    }
}
