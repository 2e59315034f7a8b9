//! Reads requests to a provider in the format of Bedrock's Converse or of OpenAI's chat completions, so that one expectation
//! serves both.

use super::size;
use serde_json::{Value, json};

/// Only OpenAI's format names the model in the body.
fn is_openai(sent: &Value) -> bool {
    sent.get("model").is_some()
}

fn list<'a>(value: &'a Value, pointer: &str) -> Vec<&'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten().collect()
}

/// The blocks of all turns: in OpenAI's format the messages of tools, and the parts of the others.
fn all_blocks(sent: &Value) -> Vec<&Value> {
    let turns = list(sent, "/messages");
    turns
        .into_iter()
        .flat_map(|turn| if turn["role"] == "tool" { vec![turn] } else { list(turn, "/content") })
        .collect()
}

/// The calls in the history: id, name and arguments.
fn calls(sent: &Value) -> Vec<(Value, Value, Value)> {
    if is_openai(sent) {
        let made = list(sent, "/messages").into_iter().flat_map(|turn| list(turn, "/tool_calls"));
        let arguments =
            |call: &Value| serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        made.map(|call| (call["id"].clone(), call["function"]["name"].clone(), arguments(call))).collect()
    } else {
        let uses = all_blocks(sent).into_iter().filter_map(|block| block.get("toolUse"));
        uses.map(|it| (it["toolUseId"].clone(), it["name"].clone(), it["input"].clone())).collect()
    }
}

/// The results in the history: the id of the call, and the text.
fn results(sent: &Value) -> Vec<(Value, String)> {
    let found = all_blocks(sent).into_iter().filter_map(|block| match block.get("toolResult") {
        Some(result) => Some((result["toolUseId"].clone(), texts(list(result, "/content")))),
        None if block["role"] == "tool" => {
            Some((block["tool_call_id"].clone(), block["content"].as_str().unwrap().to_owned()))
        }
        None => None,
    });
    found.collect()
}

fn texts(blocks: Vec<&Value>) -> String {
    blocks.into_iter().filter_map(|block| block["text"].as_str()).collect()
}

/// The pictures, each with its format and the beginning of its data.
fn pictures(sent: &Value) -> Vec<(String, String)> {
    let begin = |data: &str| data.chars().take(5).collect::<String>();
    let within = all_blocks(sent).into_iter().flat_map(|block| list(block, "/toolResult/content"));
    let found = all_blocks(sent).into_iter().chain(within).filter_map(|block| {
        if let Some(image) = block.get("image") {
            return Some((image["format"].as_str()?.to_owned(), begin(image["source"]["bytes"].as_str()?)));
        }
        let url = block.pointer("/image_url/url")?.as_str()?;
        let (format, data) = url.strip_prefix("data:image/")?.split_once(";base64,")?;
        Some((format.to_owned(), begin(data)))
    });
    found.collect()
}

/// The provider was sent one picture, in PNG.
pub(crate) fn assert_picture(sent: &Value) {
    assert_eq!(pictures(sent), [("png".to_owned(), "iVBOR".to_owned())], "{sent}");
}

/// The names of the offered tools.
pub(crate) fn tool_names(sent: &Value) -> Vec<&str> {
    let (tools, name) =
        if is_openai(sent) { ("/tools", "/function/name") } else { ("/toolConfig/tools", "/toolSpec/name") };
    list(sent, tools).into_iter().filter_map(|tool| tool.pointer(name)?.as_str()).collect()
}

/// The tool that the model must call.
pub(crate) fn forced_tool(sent: &Value) -> &Value {
    let pointer =
        if is_openai(sent) { "/tool_choice/function/name" } else { "/toolConfig/toolChoice/tool/name" };
    sent.pointer(pointer).unwrap_or(&Value::Null)
}

/// The names of the tools that were called.
pub(crate) fn called_names(sent: &Value) -> Vec<Value> {
    calls(sent).into_iter().map(|(_, name, _)| name).collect()
}

/// The last text of the last turn.
pub(crate) fn last_text(sent: &Value) -> &str {
    let turn = list(sent, "/messages").pop().unwrap();
    let last = list(turn, "/content").into_iter().filter_map(|block| block["text"].as_str()).next_back();
    last.or(turn["content"].as_str()).unwrap_or_else(|| panic!("no text: {turn}"))
}

/// The second request holds the call of `bird_size`, and its result.
pub(crate) fn assert_loop(sent: &[Value]) {
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(calls(&sent[0]).is_empty() && results(&sent[0]).is_empty(), "{}", sent[0]);
    let (calls, results) = (calls(&sent[1]), results(&sent[1]));
    let [(id, name, arguments)] = &calls[..] else { panic!("one call: {}", sent[1]) };
    assert_eq!((name, arguments), (&json!("bird_size"), &size()));
    let [(of, text)] = &results[..] else { panic!("one result: {}", sent[1]) };
    assert!(of == id && text.contains("The wren is small."), "{}", sent[1]);
}
