//! `POST /v1/responses/input_tokens`: an estimate of the tokens of a prompt in the format of OpenAI's Responses API. No model is
//! asked.

use application_ai as ai;
use application_ai::{AUTO, Registry};
use application_core::{Configured, CurrentVersion};
use contracts::openai::responses::{ResponseTokens, ResponseTokensRequest};
use domain::authority::{Authority, CreateCompletions};
use domain::field::{FieldChecks, InvalidFields};
use domain::further_fields::{FieldUse, judge_fields};
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The most characters of a model's name.
const LONGEST_NAME: usize = 200;
/// The most characters of instructions, as in a request for a response.
const LONGEST_INSTRUCTIONS: usize = 1_000_000;

/// The handler and its ports.
pub struct CountResponseTokens {
    /// Loads budgets, which say which models the organization may ask, and fine-tunes.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Route for CountResponseTokens {
    type Permission = CreateCompletions;
    type Limit = ReadLimit;

    fn handle<'a>(
        &'a self,
        request: &'a Request,
        authority: Authority<CreateCompletions>,
    ) -> RouteFuture<'a> {
        let body: ResponseTokensRequest = request.long_json(check)?;
        check(&body)?;
        request.precondition()?.check(CurrentVersion::Absent)?;
        let registry = self.registry.current();
        Ok(Box::pin(async move {
            let model = body.model.as_deref().filter(|model| *model != AUTO);
            let size = body.size();
            let tokens = ai::count_tokens(self.store.as_ref(), &authority, &registry, model, &size).await?;
            Response::json(200, &ResponseTokens::new(tokens))
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}

fn check(body: &ResponseTokensRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if let Some(model) = &body.model {
        check.line("model", model, LONGEST_NAME);
    }
    check.verbatim("instructions", body.instructions.as_deref().unwrap_or_default(), LONGEST_INSTRUCTIONS);
    judge_fields(&body.rest, &mut check, "", |name, value| match name {
        "previous_response_id" | "conversation" | "prompt" if !value.is_null() => {
            FieldUse::Refused("must be left out: nothing is stored; send the whole history as `input`")
        }
        // Fields of a request for a response that the estimate does not count.
        "access_programs"
        | "background"
        | "background_options"
        | "client_metadata"
        | "context_management"
        | "conversation"
        | "image"
        | "include"
        | "max_output_tokens"
        | "max_tool_calls"
        | "metadata"
        | "moderation"
        | "parallel_tool_calls"
        | "previous_response_id"
        | "prompt"
        | "prompt_cache_key"
        | "prompt_cache_options"
        | "prompt_cache_retention"
        | "reasoning"
        | "safety_identifier"
        | "service_tier"
        | "store"
        | "stream"
        | "stream_options"
        | "temperature"
        | "tool_choice"
        | "top_logprobs"
        | "top_p"
        | "truncation"
        | "user" => FieldUse::Nothing,
        _ => FieldUse::Unknown,
    });
    check.finish(())
}
