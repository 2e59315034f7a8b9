//! The JSON of OpenAI's chat completions and embeddings: the requests that this server understands, and the answers,
//! streams and errors that it writes. It must never accept a message and then silently drop it.

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::embed::{Texts, Vectors};
use crate::failure::Failure;
use crate::frames;
use crate::wire::{Answer, AnswerBlock, Usage};

/// The body of `POST /v1/chat/completions`, as far as this server uses it.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatRequest {
    pub(crate) model: String,
    messages: Vec<ChatMessage>,
    #[serde(default)]
    pub(crate) stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
    response_format: Option<ResponseFormat>,
}

#[derive(Debug, Deserialize)]
struct ChatMessage {
    role: Role,
    content: Option<Value>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
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
        Ok(request)
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
        let choice = json!({
            "index": 0,
            "message": { "role": "assistant", "content": text(answer), "refusal": null },
            "logprobs": null,
            "finish_reason": finish_reason(&answer.stop_reason),
        });
        json!({
            "id": id(call),
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [choice],
            "usage": usage(answer.usage),
        })
    }

    /// The same answer as the events of a stream, in `pieces` deltas if that is set.
    pub(crate) fn events(&self, answer: &Answer, call: usize, pieces: Option<usize>) -> Vec<Bytes> {
        let choice = |delta: Value, finish_reason: Option<&str>| json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason }]);
        let mut chunks = vec![choice(json!({ "role": "assistant", "content": "" }), None)];
        let deltas = frames::pieces(&text(answer), pieces);
        chunks.extend(deltas.into_iter().map(|piece| choice(json!({ "content": piece }), None)));
        chunks.push(choice(json!({}), Some(finish_reason(&answer.stop_reason))));
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

/// The text of an answer; for an answer by a schema, the JSON itself.
fn text(answer: &Answer) -> String {
    let texts = answer.blocks.iter().map(|block| match block {
        AnswerBlock::Text(text) => text.clone(),
        AnswerBlock::ToolUse { input, .. } => input.to_string(),
    });
    texts.collect()
}

fn finish_reason(stop_reason: &str) -> &str {
    match stop_reason {
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

/// The body of `POST /v1/embeddings`.
#[derive(Debug, Deserialize)]
pub(crate) struct EmbeddingRequest {
    pub(crate) model: String,
    input: Input,
    dimensions: Option<usize>,
    encoding_format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Several(Vec<String>),
}

impl EmbeddingRequest {
    /// Reads and checks a request body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body)
            .map_err(|error| Failure::validation(format!("The request body is not valid: {error}")))?;
        if request.encoding_format.as_deref().is_some_and(|format| format != "float") {
            return Err(Failure::validation("This server makes vectors of format float only."));
        }
        let texts = request.texts().texts;
        match !(1..=2048).contains(&texts.len()) || texts.iter().any(String::is_empty) {
            true => Err(Failure::validation("'input' takes 1 to 2048 texts, none empty.")),
            false => Ok(request),
        }
    }

    pub(crate) fn texts(&self) -> Texts {
        let texts = match &self.input {
            Input::One(text) => vec![text.clone()],
            Input::Several(texts) => texts.clone(),
        };
        Texts { texts, dimensions: self.dimensions, default_dimensions: 1536 }
    }

    /// The response body.
    pub(crate) fn answer(&self, answer: &Vectors) -> Value {
        let data: Vec<Value> = (0_usize..)
            .zip(&answer.vectors)
            .map(|(index, vector)| json!({ "object": "embedding", "index": index, "embedding": vector }))
            .collect();
        json!({
            "object": "list",
            "data": data,
            "model": self.model,
            "usage": { "prompt_tokens": answer.tokens, "total_tokens": answer.tokens },
        })
    }
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
