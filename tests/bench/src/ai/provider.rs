//! A provider that answers at once, for measuring the gateway. It has Bedrock's Converse and OpenAI's chat completions,
//! whole and as server-sent events, over plain HTTP on this machine, and it never fails.

use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// The number of pieces of a streamed answer.
pub(super) const CHUNKS: u32 = 200;
/// A prompt that is answered with as many tokens as it allows, which is the fastest way to use up a budget.
pub(super) const SPEND: &str = "Write as much as you may.";

/// The tool that is called where a request has tools, and the arguments.
pub(super) const TOOL: &str = "get_price";
const ARGUMENTS: &str = "{\"product\": \"Pilot\", \"seats\": 12}";

/// The text of the answer.
const TEXT: &str = "The CFO will object to the price, to the length of the contract and to the effort of moving the data. \
Offer a pilot with a fixed price, a yearly exit and help with the import.";

/// Starts the provider and returns its address. It runs until the process ends.
pub(super) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream));
        }
    });
    Ok(url)
}

fn serve(stream: &TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let (path, body) = read_message(&mut reader).ok()?;
        writer.write_all(&answer(&path, &body)).ok()?;
    }
}

/// The second word of the first line, and the body, which has a length or ends with an empty chunk.
pub(super) fn read_message(reader: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let word = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = Some(0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok(),
            "transfer-encoding" => length = None,
            _ => {}
        }
    }
    let mut body = Vec::new();
    if let Some(length) = length {
        reader.take(length).read_to_end(&mut body)?;
        return Ok((word, body));
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = u64::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
        reader.by_ref().take(size + 2).read_to_end(&mut body)?;
        if size == 0 {
            return Ok((word, body));
        }
    }
}

fn answer(path: &str, body: &[u8]) -> Vec<u8> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    if path.ends_with("/converse") {
        let spends = asked.to_string().contains(SPEND);
        let most = asked.pointer("/inferenceConfig/maxTokens").filter(|_| spends).and_then(Value::as_u64);
        let output = most.unwrap_or(41);
        let input = serde_json::from_str::<Value>(ARGUMENTS).unwrap_or_default();
        let (content, stop) = match asked.get("toolConfig") {
            Some(_) => {
                (json!({"toolUse": {"toolUseId": "tooluse_bench", "name": TOOL, "input": input}}), "tool_use")
            }
            None => (json!({"text": TEXT}), "end_turn"),
        };
        let answer = json!({
            "output": {"message": {"role": "assistant", "content": [content]}}, "stopReason": stop,
            "usage": {"inputTokens": 31, "outputTokens": output, "totalTokens": 31 + output},
            "metrics": {"latencyMs": 0},
        });
        return whole(&answer);
    }
    if asked.get("stream").and_then(Value::as_bool) == Some(true) {
        return streamed();
    }
    let (message, reason) = match asked.get("tools") {
        Some(_) => {
            let function = json!({"name": TOOL, "arguments": ARGUMENTS});
            let calls = json!([{"id": "call_bench", "type": "function", "function": function}]);
            (json!({"role": "assistant", "content": null, "tool_calls": calls}), "tool_calls")
        }
        None => (json!({"role": "assistant", "content": TEXT}), "stop"),
    };
    whole(&json!({
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_793_610_000, "model": "bench",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 31, "completion_tokens": 41, "total_tokens": 72},
    }))
}

fn whole(answer: &Value) -> Vec<u8> {
    let body = answer.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// All pieces at once, each as its own event and HTTP chunk.
fn streamed() -> Vec<u8> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_793_610_000,
            "model": "bench", "choices": choices, "usage": usage});
        let event = format!("data: {chunk}\n\n");
        format!("{:x}\r\n{event}\r\n", event.len())
    };
    let mut text =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for _ in 0..CHUNKS {
        text +=
            &chunk(json!([{"index": 0, "delta": {"content": " words"}, "finish_reason": null}]), Value::Null);
    }
    text += &chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]), Value::Null);
    let usage = json!({"prompt_tokens": 31, "completion_tokens": CHUNKS, "total_tokens": 31 + CHUNKS});
    text += &chunk(json!([]), usage);
    text += "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, body: &Value) -> String {
        let answer = answer(path, body.to_string().as_bytes());
        let (_, body) = read_message(&mut BufReader::new(answer.as_slice())).unwrap();
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn it_answers_in_either_format() {
        assert!(said("/model/x/converse", &json!({})).contains("\"outputTokens\":41"));
        let spend =
            json!({"messages": [{"content": [{"text": SPEND}]}], "inferenceConfig": {"maxTokens": 7}});
        assert!(said("/model/x/converse", &spend).contains("\"outputTokens\":7"));
        assert!(said("/v1/chat/completions", &json!({})).contains("\"completion_tokens\":41"));
        assert!(
            said("/model/x/converse", &json!({"toolConfig": {}})).contains("\"stopReason\":\"tool_use\"")
        );
        assert!(said("/v1/chat/completions", &json!({"tools": []})).contains("\"name\":\"get_price\""));
        let streamed = said("/v1/chat/completions", &json!({"stream": true}));
        assert_eq!(streamed.matches(" words").count(), 200);
        assert!(streamed.contains("data: [DONE]"));
    }
}
