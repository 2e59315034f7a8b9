//! Libraries for agents: langchain, pydantic-ai, llama-index.

use super::{CLAUDE, Library, assert_loop, bird, blocks, calling, size, sizing, text};
use serde_json::{Value, json};

pub(super) static LANGCHAIN: Library = Library::python("langchain_agent");
pub(super) static PYDANTIC_AI: Library = Library::python("pydantic_agent");
static PYDANTIC_AI_ON_CLAUDE: Library = Library::python("pydantic_agent").with_model(CLAUDE);
pub(super) static LLAMA_INDEX: Library = Library::python_openai_2("llama_index_chat");

fn sized() -> Value {
    json!([["bird_size", size()]])
}

#[test]
fn langchain_gets_structured_output_by_each_method() {
    let schema = json!({"tool_input": bird()});
    let by_words = text(&bird().to_string());
    let answered = LANGCHAIN.ask("structured", &[calling(&bird()), by_words, schema, calling(&bird())]);
    for method in ["function_calling", "json_mode", "json_schema", "strict"] {
        assert_eq!(answered.said[method], bird(), "{method}");
    }
}

#[test]
fn langchain_binds_tools() {
    let answered = LANGCHAIN.ask("tools", &[sizing(), sizing(), sizing()]);
    for case in ["whole", "forced", "streamed"] {
        assert_eq!(answered.said[case], sized(), "{case}");
    }
    assert_eq!(answered.said["usage"]["output_tokens"], 9);
    assert_eq!(answered.sent[1]["toolConfig"]["toolChoice"]["tool"]["name"], "bird_size");
}

#[test]
fn an_agent_of_langchain_calls_a_tool_and_answers() {
    let answered = LANGCHAIN.ask("agent", &[sizing(), text("Small.")]);
    assert_eq!(answered.said, json!({"kinds": ["human", "ai", "tool", "ai"], "content": "Small."}));
    assert_loop(&answered.sent);
}

#[test]
fn langchain_streams() {
    let answered = LANGCHAIN.ask("streamed", &[json!({"text": "A wren and a robin.", "chunks": 4})]);
    assert_eq!(answered.said["text"], "A wren and a robin.");
    assert!(answered.said["pieces"].as_u64().unwrap() >= 4, "{}", answered.said);
}

#[test]
fn langchain_sends_pictures_and_embeds() {
    let answered = LANGCHAIN.ask("pictures", &[text("Red.")]);
    assert_eq!(answered.said, json!({"content": "Red.", "vectors": [1024, 1024]}));
    assert_eq!(blocks(&answered.sent[0], 0)[1]["image"]["format"], "png");
}

#[test]
fn langchain_uses_the_responses_api() {
    let answered = LANGCHAIN.ask("responses", &[sizing(), text("A wren.")]);
    assert_eq!(answered.said, json!({"calls": sized(), "text": "A wren."}));
}

fn assert_outputs(library: &Library) {
    let (schema, words) = (json!({"tool_input": bird()}), text(&bird().to_string()));
    let answered = library.ask("outputs", &[calling(&bird()), schema, words]);
    assert_eq!(answered.said, json!({"tool": bird(), "native": bird(), "prompted": bird()}));
}

#[test]
fn pydantic_ai_gets_each_kind_of_output() {
    assert_outputs(&PYDANTIC_AI_ON_CLAUDE);
}

#[test]
fn pydantic_ai_gets_each_kind_of_output_from_nova() {
    assert_outputs(&PYDANTIC_AI);
}

#[test]
fn an_agent_of_pydantic_ai_calls_a_tool_and_answers() {
    let answered = PYDANTIC_AI.ask("tools", &[sizing(), text("Small.")]);
    assert_eq!(answered.said, json!({"output": "Small.", "requests": 2, "tool_calls": 1}));
    assert_loop(&answered.sent);
}

#[test]
fn an_agent_of_pydantic_ai_streams() {
    let answered = PYDANTIC_AI.ask("streamed", &[sizing(), text("A wren is small.")]);
    assert_eq!(answered.said, json!({"text": "A wren is small.", "tokens": 12}));
    assert_loop(&answered.sent);
}

#[test]
fn pydantic_ai_sends_pictures() {
    let answered = PYDANTIC_AI.ask("pictures", &[text("Red.")]);
    assert_eq!(answered.said["output"], "Red.");
    assert_eq!(blocks(&answered.sent[0], 0)[1]["image"]["format"], "png");
}

#[test]
fn pydantic_ai_speaks_the_other_formats() {
    for function in ["responses", "anthropic"] {
        let answered = PYDANTIC_AI_ON_CLAUDE.ask(function, &[sizing(), text("Small."), calling(&bird())]);
        assert_eq!(answered.said, json!({"output": "Small.", "bird": bird()}), "{function}");
        assert_loop(&answered.sent[..2]);
    }
}

#[test]
fn llama_index_chats_and_streams() {
    let answered = LLAMA_INDEX.ask("chat", &[text("A wren."), text("An owl, which is large.")]);
    assert_eq!(answered.said, json!({"whole": "An owl, which is large.", "streamed": "A wren."}));
}

#[test]
fn llama_index_gets_structured_answers() {
    let few = json!({"name": "wren", "eggs": 6});
    let answered = LLAMA_INDEX.ask("structured", &[calling(&few), calling(&few)]);
    assert_eq!(answered.said, json!({"program": few, "predicted": few}));
}

#[test]
fn an_agent_of_llama_index_calls_a_function_and_answers() {
    let answered = LLAMA_INDEX.ask("agent", &[sizing(), text("Small.")]);
    assert_eq!(answered.said, json!({"rounds": 2, "content": "Small."}));
    assert_loop(&answered.sent);
    let answered = LLAMA_INDEX.ask("streamed_call", &[sizing()]);
    assert_eq!(answered.said["calls"], sized());
}
