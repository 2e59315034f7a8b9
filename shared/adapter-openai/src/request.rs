//! A call in OpenAI's terms. Everything the port asks for is sent or refused, nothing is left out.

use application::ports::{ModelCall, ModelError, Role};
use serde_json::{Map, Value, json};

use crate::failure::{ProviderFailure, refused};
use crate::settings::TokenLimit;

pub(crate) fn chat(call: &ModelCall, limit: TokenLimit, stream: bool) -> Result<Value, ModelError> {
    if call.guardrail.is_some() {
        // Asking without it would be an answer that nobody guards.
        let reason = "a guardrail of Bedrock can't be put around a model elsewhere";
        return Err(refused(ProviderFailure::Request(reason.into())));
    }
    // `cache_instructions` has no counterpart: these servers keep every prompt's beginning by themselves.
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", json!(call.model));
    set("messages", messages(call));
    let limit = match limit {
        TokenLimit::MaxTokens => "max_tokens",
        TokenLimit::MaxCompletionTokens => "max_completion_tokens",
    };
    set(limit, json!(call.max_output_tokens));
    if let Some(temperature) = call.temperature {
        set("temperature", number(temperature));
    }
    if let Some(top_p) = call.top_p {
        set("top_p", number(top_p));
    }
    if !call.stop.is_empty() {
        set("stop", json!(call.stop));
    }
    if let Some(schema) = &call.output_schema {
        // Not `strict`: that is refused for any schema with a keyword OpenAI does not enforce, and the caller checks anyway.
        let named = json!({ "name": "answer", "schema": schema });
        set("response_format", json!({ "type": "json_schema", "json_schema": named }));
    }
    if stream {
        set("stream", json!(true));
        set("stream_options", json!({ "include_usage": true }));
    }
    Ok(Value::Object(body))
}

fn messages(call: &ModelCall) -> Value {
    let system =
        (!call.system.trim().is_empty()).then(|| json!({ "role": "system", "content": call.system }));
    let turns = call.messages.iter().map(|turn| {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({ "role": role, "content": turn.text })
    });
    system.into_iter().chain(turns).collect()
}

/// 0.2 as 0.2 and not as 0.20000000298023224.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}
