//! The JSON of OpenAI's chat completions: the requests that this server understands, and the answers,
//! streams and errors that it writes. It must never accept a message and then silently drop it.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::frames;
use crate::openai_checks;
use crate::step::OfferedTools;
use crate::wire::{Answer, AnswerBlock, Usage};

/// The body of `POST /v1/chat/completions`, as far as this server uses it.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatRequest {
    pub(crate) model: String,
    pub(crate) messages: Vec<ChatMessage>,
    #[serde(default)]
    pub(crate) stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
    response_format: Option<ResponseFormat>,
    pub(crate) tools: Option<Vec<OfferedTool>>,
    pub(crate) tool_choice: Option<Value>,
    pub(crate) parallel_tool_calls: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OfferedTool {
    pub(crate) function: Function,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Function {
    pub(crate) name: String,
}

/// OpenAI knows these members and no other.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatMessage {
    pub(crate) role: Role,
    pub(crate) content: Option<Value>,
    pub(crate) tool_calls: Option<Vec<SentToolCall>>,
    pub(crate) tool_call_id: Option<String>,
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "refusal")]
    _refusal: Option<Value>,
    #[serde(rename = "audio")]
    _audio: Option<Value>,
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

/// A tool's call in the history of a request.
#[derive(Debug, Deserialize)]
pub(crate) struct SentToolCall {
    pub(crate) id: String,
    pub(crate) function: SentFunction,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SentFunction {
    pub(crate) name: String,
    pub(crate) arguments: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Debug, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct ResponseFormat {
    json_schema: Option<NamedSchema>,
}

#[derive(Debug, Deserialize)]
struct NamedSchema {
    name: String,
}

impl ChatRequest {
    /// Reads and checks a request body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body)
            .map_err(|error| Failure::validation(format!("The request body is not valid: {error}")))?;
        if !request.messages.iter().any(|message| message.role == Role::User) {
            return Err(Failure::validation("'messages' must have a message of the user."));
        }
        openai_checks::check(&request)?;
        Ok(request)
    }

    /// The tools of the request. Its schema counts as one: an answer by it is not a call but the text of the answer.
    pub(crate) fn tools(&self) -> OfferedTools<'_> {
        let choice = self.tool_choice.as_ref();
        let forced = choice.and_then(|choice| choice.pointer("/function/name")).and_then(Value::as_str);
        let names: Vec<&str> = self.schema().into_iter().chain(self.tool_names()).collect();
        OfferedTools { default: forced.or(names.first().copied()), names }
    }

    fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().flatten().map(|tool| tool.function.name.as_str())
    }

    /// The calls of tools in an answer, with their places among them.
    fn calls<'a>(&self, answer: &'a Answer) -> Vec<(usize, &'a str, &'a str, &'a Value)> {
        let called = answer.blocks.iter().filter_map(|block| match block {
            AnswerBlock::ToolUse { id, name, input } if self.tool_names().any(|known| known == name) => {
                Some((id.as_str(), name.as_str(), input))
            }
            _ => None,
        });
        called.enumerate().map(|(at, (id, name, input))| (at, id, name, input)).collect()
    }

    /// The text of an answer; for an answer by a schema, the JSON itself.
    fn text(&self, answer: &Answer) -> String {
        let texts = answer.blocks.iter().map(|block| match block {
            AnswerBlock::Text(text) => text.clone(),
            AnswerBlock::ToolUse { name, input, .. } if self.tool_names().all(|known| known != name) => {
                input.to_string()
            }
            AnswerBlock::ToolUse { .. } | AnswerBlock::Reasoning(_) => String::new(),
        });
        texts.collect()
    }

    /// The name of the schema that the answer must match, if there is one.
    pub(crate) fn schema(&self) -> Option<&str> {
        Some(self.response_format.as_ref()?.json_schema.as_ref()?.name.as_str())
    }

    /// The bytes of all text in the request.
    pub(crate) fn text_bytes(&self) -> usize {
        let contents = self.messages.iter().filter_map(|message| message.content.as_ref());
        contents.map(|content| content.as_str().map_or_else(|| content.to_string().len(), str::len)).sum()
    }

    /// The body of a whole answer.
    pub(crate) fn answer(&self, answer: &Answer, call: usize) -> Value {
        let (text, calls) = (self.text(answer), self.calls(answer));
        let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { json!(text) };
        let mut message = json!({ "role": "assistant", "content": content, "refusal": null });
        if let Value::Object(members) = &mut message {
            if let Some(thoughts) = reasoning(answer) {
                members.insert("reasoning_content".to_owned(), json!(thoughts));
            }
            if !calls.is_empty() {
                let called = calls.iter().map(|(_, id, name, input)| {
                    let function = json!({ "name": name, "arguments": input.to_string() });
                    json!({ "id": id, "type": "function", "function": function })
                });
                members.insert("tool_calls".to_owned(), called.collect());
            }
        }
        let finish_reason = finish_reason(&answer.stop_reason, !calls.is_empty());
        let choice =
            json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason });
        json!({
            "id": id(call),
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [choice],
            "usage": usage(answer.usage),
        })
    }

    /// The pieces of a stream's message, each text in `pieces` deltas if that is set.
    fn deltas(&self, answer: &Answer, pieces: Option<usize>) -> Vec<Value> {
        let mut deltas = vec![json!({ "role": "assistant", "content": "" })];
        let thoughts = frames::pieces(reasoning(answer).unwrap_or_default(), pieces);
        deltas.extend(thoughts.into_iter().map(|piece| json!({ "reasoning_content": piece })));
        let text = frames::pieces(&self.text(answer), pieces);
        deltas.extend(text.into_iter().map(|piece| json!({ "content": piece })));
        for (at, id, name, input) in self.calls(answer) {
            let function = json!({ "name": name, "arguments": "" });
            let start = json!({ "index": at, "id": id, "type": "function", "function": function });
            deltas.push(json!({ "tool_calls": [start] }));
            let arguments = frames::pieces(&input.to_string(), pieces);
            deltas.extend(
                arguments.into_iter().map(
                    |piece| json!({ "tool_calls": [{ "index": at, "function": { "arguments": piece } }] }),
                ),
            );
        }
        deltas
    }

    /// The same answer as the events of a stream.
    pub(crate) fn events(&self, answer: &Answer, call: usize, pieces: Option<usize>) -> Vec<Bytes> {
        let choice = |delta: Value, finish_reason: Option<&str>| json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason }]);
        let mut chunks: Vec<Value> =
            self.deltas(answer, pieces).into_iter().map(|delta| choice(delta, None)).collect();
        let finish_reason = finish_reason(&answer.stop_reason, !self.calls(answer).is_empty());
        chunks.push(choice(json!({}), Some(finish_reason)));
        let mut chunks: Vec<Value> =
            chunks.into_iter().map(|choices| self.chunk(call, choices, None)).collect();
        if self.stream_options.include_usage {
            chunks.push(self.chunk(call, json!([]), Some(usage(answer.usage))));
        }
        let events = chunks.into_iter().map(|chunk| Bytes::from(format!("data: {chunk}\n\n")));
        events.chain([Bytes::from_static(b"data: [DONE]\n\n")]).collect()
    }

    fn chunk(&self, call: usize, choices: Value, usage: Option<Value>) -> Value {
        json!({
            "id": id(call),
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        })
    }
}

fn id(call: usize) -> String {
    format!("chatcmpl-{call}")
}

/// The thoughts of an answer, in the member that servers other than OpenAI's have for them.
fn reasoning(answer: &Answer) -> Option<&str> {
    answer.blocks.iter().find_map(|block| match block {
        AnswerBlock::Reasoning(text) => Some(text.as_str()),
        _ => None,
    })
}

fn finish_reason(stop_reason: &str, calls_tool: bool) -> &str {
    match stop_reason {
        "tool_use" if calls_tool => "tool_calls",
        "end_turn" | "tool_use" | "stop_sequence" => "stop",
        "max_tokens" => "length",
        "content_filtered" | "guardrail_intervened" => "content_filter",
        other => other,
    }
}

/// The prompt's count includes the tokens that were read from or written to a cache.
fn usage(usage: Usage) -> Value {
    let prompt = usage
        .input_tokens
        .saturating_add(usage.cache_read_input_tokens)
        .saturating_add(usage.cache_write_input_tokens);
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt.saturating_add(usage.output_tokens),
        "prompt_tokens_details": { "cached_tokens": usage.cache_read_input_tokens },
    })
}

/// A failure in OpenAI's shape, with the types and codes that its API has for these statuses.
pub(crate) fn error_body(failure: &Failure) -> Value {
    let (kind, code) = match failure.status {
        400 if ["maximum context length", "Input is too long"]
            .iter()
            .any(|part| failure.message.contains(part)) =>
        {
            ("invalid_request_error", Some("context_length_exceeded"))
        }
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    json!({ "error": { "message": failure.message, "type": kind, "param": null, "code": code } })
}
