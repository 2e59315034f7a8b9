//! Turns a completion into OpenAI's format: one object, or server-sent events with the role, the text as it comes, the
//! finish reason, the token counts if they were asked for, and `[DONE]`.

use application_ai::GatewayAnswer;
use application_ai::gateway::{StreamEvent, Streamed};
use contracts::openai::{
    AssistantMessage, ChatChunk, ChatCompletion, ChatUsage, Choice, ChunkChoice, ChunkDelta, ErrorBody,
    ErrorDetail, PromptTokensDetails,
};
use domain::ai::TokenCounts;
use edge::Problem;
use futures_util::stream::{self, BoxStream, StreamExt};
use ports::StopReason;
use serde::Serialize;

pub(crate) fn whole(answer: &GatewayAnswer, created: i64) -> ChatCompletion {
    ChatCompletion {
        id: answer.head.request_id.to_string(),
        object: "chat.completion".to_owned(),
        created,
        model: answer.head.model.clone(),
        choices: vec![Choice {
            index: 0,
            message: AssistantMessage {
                role: "assistant".to_owned(),
                content: answer.text.clone(),
                refusal: None,
            },
            finish_reason: finish_reason(answer.stop).to_owned(),
            logprobs: None,
        }],
        usage: usage(&answer.tokens),
    }
}

/// The events of a streamed answer.
pub(crate) fn events(
    answer: Streamed,
    created: i64,
    tells_usage: bool,
) -> BoxStream<'static, Result<Vec<u8>, Problem>> {
    let (id, model) = (answer.head.request_id.to_string(), answer.head.model);
    let chunk = move |choices: Vec<ChunkChoice>, usage: Option<ChatUsage>| ChatChunk {
        id: id.clone(),
        object: "chat.completion.chunk".to_owned(),
        created,
        model: model.clone(),
        choices,
        usage,
    };
    let role = ChunkDelta { role: Some("assistant".to_owned()), content: Some(String::new()) };
    let first = event(&chunk(vec![choice(role, None)], None));
    let rest = answer.events.map(move |part| match part {
        StreamEvent::Text(text) => {
            let delta = ChunkDelta { role: None, content: Some(text) };
            event(&chunk(vec![choice(delta, None)], None))
        }
        StreamEvent::End { stop, tokens, cost: _ } => {
            let reason = finish_reason(stop).to_owned();
            let mut last = event(&chunk(vec![choice(ChunkDelta::default(), Some(reason))], None))?;
            if tells_usage {
                last.extend(event(&chunk(Vec::new(), Some(usage(&tokens))))?);
            }
            last.extend_from_slice(b"data: [DONE]\n\n");
            Ok(last)
        }
        StreamEvent::Broken => event(&ErrorBody {
            error: ErrorDetail {
                message: "The answer broke off.".to_owned(),
                class: "server_error".to_owned(),
                param: None,
                code: Some("models_unavailable".to_owned()),
            },
        }),
    });
    stream::iter([first]).chain(rest).boxed()
}

fn choice(delta: ChunkDelta, finish_reason: Option<String>) -> ChunkChoice {
    ChunkChoice { index: 0, delta, finish_reason, logprobs: None }
}

/// A server-sent event. JSON has no line breaks outside of strings, and only escaped ones in them.
fn event(data: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let json = serde_json::to_string(data).map_err(Problem::internal)?;
    Ok(format!("data: {json}\n\n").into_bytes())
}

fn usage(tokens: &TokenCounts) -> ChatUsage {
    let prompt = tokens.input + tokens.cache_read + tokens.cache_write;
    ChatUsage {
        prompt_tokens: prompt,
        completion_tokens: tokens.output,
        total_tokens: prompt + tokens.output,
        prompt_tokens_details: PromptTokensDetails { cached_tokens: tokens.cache_read },
    }
}

fn finish_reason(stop: StopReason) -> &'static str {
    match stop {
        StopReason::MaxTokens => "length",
        StopReason::Filtered => "content_filter",
        StopReason::EndTurn | StopReason::Other => "stop",
    }
}
