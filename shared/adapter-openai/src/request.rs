//! Translates a call for OpenAI's format. Every field of the port is sent or refused; none is left out.

use ports::{Message, ModelCall, ModelError, Role};
use serde_json::{Map, Value, json};

use crate::failure::{ProviderFailure, refused};
use crate::settings::TokenLimit;

pub(crate) fn chat(call: &ModelCall, limit: TokenLimit, stream: bool) -> Result<Value, ModelError> {
    // All fields are named, without `..`, so that a new field does not compile until it is sent or refused.
    let ModelCall {
        model,
        system,
        messages,
        output_schema,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        // It has no counterpart: these servers cache the beginning of every prompt by themselves.
        cache_instructions: _,
        guardrail,
        // The time bounds the call from outside.
        time_left: _,
    } = call;
    if guardrail.is_some() {
        // Sending the request without the guardrail would give an unguarded answer.
        let reason = "a guardrail of Bedrock can't be put around a model elsewhere";
        return Err(refused(ProviderFailure::Request(reason.into())));
    }
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", json!(model));
    set("messages", conversation(system, messages));
    let limit = match limit {
        TokenLimit::MaxTokens => "max_tokens",
        TokenLimit::MaxCompletionTokens => "max_completion_tokens",
    };
    set(limit, json!(max_output_tokens));
    if let Some(temperature) = temperature {
        set("temperature", number(*temperature));
    }
    if let Some(top_p) = top_p {
        set("top_p", number(*top_p));
    }
    if !stop.is_empty() {
        set("stop", json!(stop));
    }
    if let Some(schema) = call.forced_schema() {
        // Not `strict`: that is refused for any schema with a keyword that OpenAI does not enforce, and the caller
        // checks anyway.
        let named = json!({ "name": "answer", "schema": schema });
        set("response_format", json!({ "type": "json_schema", "json_schema": named }));
    } else if output_schema.is_some() {
        set("response_format", json!({ "type": "json_object" }));
    }
    if stream {
        set("stream", json!(true));
        set("stream_options", json!({ "include_usage": true }));
    }
    Ok(Value::Object(body))
}

fn conversation(system: &str, messages: &[Message]) -> Value {
    let system = (!system.trim().is_empty()).then(|| json!({ "role": "system", "content": system }));
    let turns = messages.iter().map(|turn| {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({ "role": role, "content": turn.text })
    });
    system.into_iter().chain(turns).collect()
}

/// Writes 0.2 as 0.2 and not as 0.20000000298023224.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}
