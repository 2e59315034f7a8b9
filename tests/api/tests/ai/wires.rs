//! One conversation in each wire format, and the answers in it, so that what the gateway promises is tested for all of
//! them alike.

use super::NOVA;
use api_tests::{Answer, Person, World};
use serde_json::{Value, json};

/// The wire format of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `POST /v1/ai/completions`. It has neither tools nor streams.
    Sextant,
    Chat,
    Responses,
    Messages,
}

/// A wire format, whole or streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) format: Format,
    pub(super) streamed: bool,
}

/// The formats that have streams.
pub(super) const STREAMED: [Wire; 3] = [
    Wire { format: Format::Chat, streamed: true },
    Wire { format: Format::Responses, streamed: true },
    Wire { format: Format::Messages, streamed: true },
];

/// The formats that have tools, whole and streamed.
pub(super) const WITH_TOOLS: [Wire; 6] = [
    Wire { format: Format::Chat, streamed: false },
    Wire { format: Format::Responses, streamed: false },
    Wire { format: Format::Messages, streamed: false },
    Wire { format: Format::Chat, streamed: true },
    Wire { format: Format::Responses, streamed: true },
    Wire { format: Format::Messages, streamed: true },
];

/// Sextant's own format.
pub(super) const OWN: Wire = Wire { format: Format::Sextant, streamed: false };

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) text: &'static str,
    pub(super) max_tokens: u32,
    /// Without chance the answer may come from the cache.
    pub(super) temperature: f32,
    pub(super) has_tool: bool,
    pub(super) must_call: bool,
    pub(super) one_at_a_time: bool,
}

impl Prompt {
    /// A prompt with a tool, whose answer is not cached.
    pub(super) const WEATHER: Self = Self {
        text: "How is the weather in Bonn?",
        max_tokens: 500,
        temperature: 0.5,
        has_tool: true,
        must_call: false,
        one_at_a_time: false,
    };
}

/// The text and the calls of tools that a caller gets, each with its name and its arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) calls: Vec<(String, String)>,
}

impl Told {
    fn begin(&mut self, name: &Value) {
        self.calls.push((name.as_str().unwrap().to_owned(), String::new()));
    }

    fn add_arguments(&mut self, json: &Value) {
        self.calls.last_mut().unwrap().1.push_str(json.as_str().unwrap());
    }

    fn add_text(&mut self, text: &Value) {
        self.text.push_str(text.as_str().unwrap_or_default());
    }
}

/// How the body of a stream ends: with the mark of a whole answer, with an error, or with neither.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StreamEnding {
    pub(super) looks_whole: bool,
    pub(super) is_error: bool,
}

impl Wire {
    fn operation(self) -> &'static str {
        match self.format {
            Format::Sextant => "createCompletion",
            Format::Chat => "createChatCompletion",
            Format::Responses => "createResponse",
            Format::Messages => "createMessage",
        }
    }

    pub(super) fn call<'a>(self, world: &'a World, by: &Person, prompt: &Prompt) -> api_tests::Call<'a> {
        world.call(self.operation()).by(by).json(&self.body(prompt))
    }

    pub(super) async fn ask(self, world: &World, by: &Person, prompt: &Prompt) -> Answer {
        self.call(world, by, prompt).send().await
    }

    fn body(self, prompt: &Prompt) -> Value {
        const SYSTEM: &str = "Be brief.";
        let user = json!({"role": "user", "content": prompt.text});
        let (name, description) = ("get_weather", "Tells the weather.");
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let (tools, choice, several) = match self.format {
            Format::Sextant => (Value::Null, Value::Null, Value::Null),
            Format::Chat => {
                let function = json!({"name": name, "description": description, "parameters": parameters});
                let choice = if prompt.must_call { "required" } else { "auto" };
                (
                    json!([{"type": "function", "function": function}]),
                    json!(choice),
                    json!(!prompt.one_at_a_time),
                )
            }
            Format::Responses => {
                let tool = json!({"type": "function", "name": name, "description": description, "parameters": parameters,
                    "strict": false});
                let choice = if prompt.must_call { "required" } else { "auto" };
                (json!([tool]), json!(choice), json!(!prompt.one_at_a_time))
            }
            Format::Messages => {
                let kind = if prompt.must_call { "any" } else { "auto" };
                let choice = json!({"type": kind, "disable_parallel_tool_use": prompt.one_at_a_time});
                let tool = json!({"name": name, "description": description, "input_schema": parameters});
                (json!([tool]), choice, Value::Null)
            }
        };
        let mut body = match self.format {
            Format::Sextant | Format::Messages => {
                json!({"system": SYSTEM, "messages": [user], "max_tokens": prompt.max_tokens})
            }
            Format::Chat => json!({
                "messages": [{"role": "system", "content": SYSTEM}, user],
                "max_completion_tokens": prompt.max_tokens,
            }),
            Format::Responses => json!({
                "instructions": SYSTEM, "input": prompt.text, "max_output_tokens": prompt.max_tokens, "store": false,
            }),
        };
        (body["model"], body["temperature"]) = (json!(NOVA), json!(prompt.temperature));
        if prompt.has_tool {
            (body["tools"], body["tool_choice"]) = (tools, choice);
            if !several.is_null() {
                body["parallel_tool_calls"] = several;
            }
        }
        if self.streamed {
            body["stream"] = json!(true);
        }
        body
    }

    /// What the caller is told.
    pub(super) fn told(self, answer: &Answer) -> Told {
        if self.streamed {
            return self.told_in_parts(&answer.body);
        }
        let (body, mut told) = (answer.json(), Told::default());
        match self.format {
            Format::Sextant => told.add_text(&body["text"]),
            Format::Chat => {
                let message = &body["choices"][0]["message"];
                told.add_text(&message["content"]);
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    told.begin(&call["function"]["name"]);
                    told.add_arguments(&call["function"]["arguments"]);
                }
            }
            Format::Responses => {
                for item in body["output"].as_array().unwrap() {
                    if item["type"] == "function_call" {
                        told.begin(&item["name"]);
                        told.add_arguments(&item["arguments"]);
                    } else {
                        told.add_text(&item["content"][0]["text"]);
                    }
                }
            }
            Format::Messages => {
                for block in body["content"].as_array().unwrap() {
                    if block["type"] == "tool_use" {
                        told.begin(&block["name"]);
                        told.add_arguments(&json!(block["input"].to_string()));
                    } else {
                        told.add_text(&block["text"]);
                    }
                }
            }
        }
        told
    }

    /// What the events of this stream tell.
    pub(super) fn told_in_parts(self, body: &str) -> Told {
        let mut told = Told::default();
        for event in events(body) {
            match self.format {
                Format::Sextant => {}
                Format::Chat => {
                    let delta = &event["choices"][0]["delta"];
                    told.add_text(&delta["content"]);
                    for call in delta["tool_calls"].as_array().into_iter().flatten() {
                        if call["id"].is_string() {
                            told.begin(&call["function"]["name"]);
                        }
                        told.add_arguments(&call["function"]["arguments"]);
                    }
                }
                Format::Responses => match event["type"].as_str().unwrap() {
                    "response.output_text.delta" => told.add_text(&event["delta"]),
                    "response.output_item.added" if event["item"]["type"] == "function_call" => {
                        told.begin(&event["item"]["name"]);
                    }
                    "response.function_call_arguments.delta" => told.add_arguments(&event["delta"]),
                    _ => {}
                },
                Format::Messages => {
                    let (block, delta) = (&event["content_block"], &event["delta"]);
                    if block["type"] == "tool_use" {
                        told.begin(&block["name"]);
                    }
                    match delta["type"].as_str() {
                        Some("text_delta") => told.add_text(&delta["text"]),
                        Some("input_json_delta") => told.add_arguments(&delta["partial_json"]),
                        _ => {}
                    }
                }
            }
        }
        told
    }

    /// How this stream ends, for a client that reads every event.
    pub(super) fn ending(self, body: &str) -> StreamEnding {
        let events = events(body);
        let names: Vec<&str> =
            events.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect();
        let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(name));
        let (looks_whole, is_error) = match self.format {
            Format::Sextant => (false, false),
            Format::Chat => {
                let finished = |event: &Value| !event["choices"][0]["finish_reason"].is_null();
                let broke = events.last().is_some_and(|event| event["error"]["message"].is_string());
                (body.contains("[DONE]") || events.iter().any(finished), broke)
            }
            Format::Responses => {
                (has(&["response.completed", "response.incomplete"]), names.ends_with(&["error"]))
            }
            Format::Messages => (has(&["message_delta", "message_stop"]), names.ends_with(&["error"])),
        };
        StreamEnding { looks_whole, is_error }
    }
}

/// The data of the events, without `[DONE]`.
fn events(body: &str) -> Vec<Value> {
    let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}
