//! Translates a call for OpenAI's format. Every field of the port is sent or refused; none is left out.

use ports::{MappedNames, ModelCall, ModelError, Reasoning, Tool, ToolChoice, ToolNames, ToolSet};
use serde_json::{Map, Value, json};

use crate::dialect::Dialect;
use crate::failure::{ProviderFailure, refused};
use crate::settings::TokenLimit;
use crate::turns::turns;

pub(crate) fn chat(
    call: &ModelCall,
    dialect: &Dialect,
    names: &ToolNames,
    stream: bool,
) -> Result<Value, ModelError> {
    // All fields are named, without `..`, so that a new field does not compile until it is sent or refused.
    let ModelCall {
        model,
        system,
        messages,
        tools: set_of_tools,
        reasoning,
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
        // Fine-tuned models are on Bedrock.
        base_model: _,
    } = call;
    if guardrail.is_some() {
        // Sending the request without the guardrail would give an unguarded answer.
        let reason = "a guardrail of Bedrock can't be put around a model elsewhere";
        return Err(refused(ProviderFailure::Request(reason.into())));
    }
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", json!(model));
    set("messages", turns(system, messages, names));
    let limit = match dialect.token_limit {
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
    if !set_of_tools.tools.is_empty() {
        set("tools", tools(set_of_tools, &names.tools));
        set("tool_choice", choice(&set_of_tools.choice, &names.tools));
        if set_of_tools.one_at_a_time {
            set("parallel_tool_calls", json!(false));
        }
    }
    if let Some(Reasoning::Effort(effort)) = reasoning {
        set("reasoning_effort", json!(effort.as_str()));
    }
    if stream {
        set("stream", json!(true));
        if dialect.asks_for_counts {
            set("stream_options", json!({ "include_usage": true }));
        }
    }
    Ok(Value::Object(body))
}

/// The tools. `strict` is not sent: OpenAI refuses it for any schema with a keyword that it does not enforce, and the
/// caller checks the arguments anyway.
fn tools(set: &ToolSet, names: &MappedNames) -> Value {
    let tool = |tool: &Tool| {
        let mut function = Map::new();
        function.insert("name".to_owned(), json!(names.to_provider(&tool.name)));
        if let Some(description) = &tool.description {
            function.insert("description".to_owned(), json!(description));
        }
        function.insert("parameters".to_owned(), tool.parameters.clone());
        json!({ "type": "function", "function": function })
    };
    set.tools.iter().map(tool).collect()
}

fn choice(choice: &ToolChoice, names: &MappedNames) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => {
            json!({ "type": "function", "function": { "name": names.to_provider(name) } })
        }
    }
}

/// Writes 0.2 as 0.2 and not as 0.20000000298023224.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_asks_for_its_counts_where_the_server_takes_the_question() {
        for (host, asked) in [("api.openai.com", true), ("127.0.0.1", true), ("api.mistral.ai", false)] {
            let call = ModelCall {
                model: "m".to_owned(),
                system: String::new(),
                messages: Vec::new(),
                tools: ToolSet::default(),
                reasoning: None,
                output_schema: None,
                max_output_tokens: 1,
                temperature: None,
                top_p: None,
                stop: Vec::new(),
                cache_instructions: false,
                guardrail: None,
                time_left: std::time::Duration::from_secs(1),
                base_model: None,
            };
            let body = chat(&call, &Dialect::of(host), &ToolNames::default(), true).unwrap();
            assert_eq!(body["stream"], true);
            assert_eq!(body.get("stream_options").is_some(), asked, "{host}");
        }
    }
}
