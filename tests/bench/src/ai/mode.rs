//! The paths through the gateway, and the requests that take them.

use super::provider::{CHUNKS, SPEND, TOOL};
use crate::event::{Event, another_id};
use crate::requests::people;
use crate::world::World;
use serde_json::{Value, json};
use xtask::error::Error;

/// The requests of one person: fewer than the limit of requests to models in a minute.
const OF_ONE: u32 = 50;
/// The requests that use up the budget of a day: a dollar each, of twenty dollars.
const SPENDERS: u32 = 25;

/// The provider's wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    OpenAi,
    Bedrock,
}

/// A path through the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// The model is called; nothing is cached, counted or limited.
    WithoutState(Wire),
    /// The cache has the answer.
    Hit,
    /// The model is called, and everything is enforced and stored.
    Miss(Wire),
    /// Like `WithoutState`, with a tool that the model calls.
    ToolsWithoutState(Wire),
    /// Like `Miss`, with a tool that the model calls.
    Tools(Wire),
    /// The caller is over its rate limit.
    Limited,
    /// The tenant has spent everything.
    OverBudget,
    /// Like `WithoutState`, streamed.
    StreamWithoutState,
    /// Like `Miss`, streamed.
    Stream,
}

impl Path {
    pub(super) const ALL: [Self; 13] = [
        Self::WithoutState(Wire::OpenAi),
        Self::WithoutState(Wire::Bedrock),
        Self::Hit,
        Self::Miss(Wire::OpenAi),
        Self::Miss(Wire::Bedrock),
        Self::ToolsWithoutState(Wire::OpenAi),
        Self::ToolsWithoutState(Wire::Bedrock),
        Self::Tools(Wire::OpenAi),
        Self::Tools(Wire::Bedrock),
        Self::Limited,
        Self::OverBudget,
        Self::StreamWithoutState,
        Self::Stream,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WithoutState(Wire::OpenAi) => "no state, OpenAI",
            Self::WithoutState(Wire::Bedrock) => "no state, Bedrock",
            Self::Hit => "hit",
            Self::Miss(Wire::OpenAi) => "enforced miss, OpenAI",
            Self::Miss(Wire::Bedrock) => "enforced miss, Bedrock",
            Self::ToolsWithoutState(Wire::OpenAi) => "no state, tools, OpenAI",
            Self::ToolsWithoutState(Wire::Bedrock) => "no state, tools, Bedrock",
            Self::Tools(Wire::OpenAi) => "enforced tools, OpenAI",
            Self::Tools(Wire::Bedrock) => "enforced tools, Bedrock",
            Self::Limited => "limited",
            Self::OverBudget => "over budget",
            Self::StreamWithoutState => "no state, 200 pieces",
            Self::Stream => "enforced, 200 pieces",
        }
    }

    pub(super) fn has_state(self) -> bool {
        !matches!(self, Self::WithoutState(_) | Self::ToolsWithoutState(_) | Self::StreamWithoutState)
    }

    /// The status of every measured answer.
    pub(super) fn status(self) -> u64 {
        match self {
            Self::Limited => 429,
            Self::OverBudget => 402,
            _ => 200,
        }
    }

    /// The number of first requests with other answers, which are not measured.
    pub(super) fn prelude(self) -> u32 {
        match self {
            Self::Limited => 70,
            Self::OverBudget => SPENDERS,
            _ => 0,
        }
    }

    /// The provider's path and the body for a direct call, which measures the provider's own time; `None` if the path
    /// calls no provider.
    pub(super) fn direct(self) -> Option<(&'static str, Value)> {
        let openai = |stream: bool| json!({"model": "bench", "messages": messages(0), "stream": stream});
        match self {
            Self::WithoutState(Wire::OpenAi) | Self::Miss(Wire::OpenAi) => {
                Some(("/v1/chat/completions", openai(false)))
            }
            Self::StreamWithoutState | Self::Stream => Some(("/v1/chat/completions", openai(true))),
            Self::WithoutState(Wire::Bedrock) | Self::Miss(Wire::Bedrock) => {
                Some(("/model/bench/converse", json!({"messages": messages(0)})))
            }
            Self::ToolsWithoutState(Wire::OpenAi) | Self::Tools(Wire::OpenAi) => {
                let mut body = openai(false);
                body.as_object_mut()?.insert("tools".to_owned(), tools());
                Some(("/v1/chat/completions", body))
            }
            Self::ToolsWithoutState(Wire::Bedrock) | Self::Tools(Wire::Bedrock) => Some((
                "/model/bench/converse",
                json!({"messages": messages(0), "toolConfig": {"tools": tools()}}),
            )),
            Self::Hit | Self::Limited | Self::OverBudget => None,
        }
    }

    /// `count` requests of an organization without earlier requests.
    pub(super) fn requests(self, world: &mut World, count: u32) -> Result<Vec<Event>, Error> {
        let number = world.number();
        let organization = another_id(&world.home.organization, number);
        let of_one = match self {
            Self::Limited => count,
            // Each account also has its own budget, which must not be the one that is used up.
            Self::OverBudget => 1,
            _ => OF_ONE,
        };
        let sample = Event::sample("ai", "create-chat-completion")?;
        let people = people(world, count, of_one);
        let numbered = people.iter().zip(0..);
        numbered
            .map(|(who, number)| sample.clone().with_body(&self.body(number))?.by(&organization, who))
            .collect()
    }

    fn body(self, number: u32) -> Value {
        let with = |model: &str, number: u32| json!({"model": model, "messages": messages(number), "temperature": 0, "max_tokens": 300});
        match self {
            Self::Hit | Self::Limited => with("gpt-4o-mini", 0),
            Self::OverBudget => spending(),
            // Without a temperature the cache is not used.
            Self::WithoutState(wire) => {
                json!({"model": model(wire), "messages": messages(number), "max_tokens": 300})
            }
            Self::Miss(wire) => with(model(wire), number),
            Self::ToolsWithoutState(wire) => {
                json!({"model": model(wire), "messages": messages(number), "max_tokens": 300, "tools": tools()})
            }
            Self::Tools(wire) => {
                json!({"model": model(wire), "messages": messages(number), "temperature": 0, "max_tokens": 300,
                    "tools": tools()})
            }
            Self::StreamWithoutState | Self::Stream => {
                json!({"model": "gpt-4o-mini", "messages": messages(number), "max_tokens": CHUNKS, "stream": true})
            }
        }
    }
}

fn model(wire: Wire) -> &'static str {
    match wire {
        Wire::OpenAi => "gpt-4o-mini",
        Wire::Bedrock => "us.amazon.nova-lite-v1:0",
    }
}

fn messages(number: u32) -> Value {
    let question = format!("Name three objections of a CFO to offer {number}, and an answer to each.");
    json!([{"role": "system", "content": "You help a sales team. Answer in two sentences."},
        {"role": "user", "content": question}])
}

/// A tool in OpenAI's format, which the provider calls.
fn tools() -> Value {
    let parameters = json!({
        "type": "object", "required": ["product"], "additionalProperties": false,
        "properties": {
            "product": {"type": "string", "description": "The name of the product"},
            "seats": {"type": ["integer", "null"], "minimum": 1},
        },
    });
    let function = json!({"name": TOOL, "description": "Looks up a price.", "parameters": parameters});
    json!([{"type": "function", "function": function}])
}

fn spending() -> Value {
    let model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    json!({"model": model, "messages": [{"role": "user", "content": SPEND}], "max_tokens": 64_000})
}
