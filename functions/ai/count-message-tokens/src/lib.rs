//! `POST /v1/messages/count_tokens`: an estimate of the tokens of a prompt in Anthropic's format. No model is asked.

use application_ai as ai;
use application_ai::{AUTO, Registry};
use application_core::{Configured, CurrentVersion};
use contracts::anthropic::{MessageTokens, MessageTokensRequest};
use domain::authority::{Authority, CreateCompletions};
use domain::field::{FieldChecks, InvalidFields};
use domain::further_fields::{FieldUse, judge_fields};
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The most characters of a model's name.
const LONGEST_NAME: usize = 200;
/// The handler and its ports.
pub struct CountMessageTokens {
    /// Loads budgets, which say which models the organization may ask, and fine-tunes.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Route for CountMessageTokens {
    type Permission = CreateCompletions;
    type Limit = ReadLimit;

    fn handle<'a>(
        &'a self,
        request: &'a Request,
        authority: Authority<CreateCompletions>,
    ) -> RouteFuture<'a> {
        let body: MessageTokensRequest = request.long_json(check)?;
        check(&body)?;
        request.precondition()?.check(CurrentVersion::Absent)?;
        let registry = self.registry.current();
        Ok(Box::pin(async move {
            let model = Some(body.model.as_str()).filter(|model| *model != AUTO);
            let size = body.size();
            let input_tokens =
                ai::count_tokens(self.store.as_ref(), &authority, &registry, model, &size).await?;
            Response::json(200, &MessageTokens { input_tokens })
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::Anthropic
    }
}

fn check(body: &MessageTokensRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.line("model", &body.model, LONGEST_NAME);
    if body.messages.is_empty() {
        check.wrong("messages", "length", "must not be empty");
    }
    judge_fields(&body.rest, &mut check, "", |name, _| match name {
        // Fields of a request for a message that the estimate does not count.
        "cache_control" | "container" | "context_management" | "diagnostics" | "inference_geo"
        | "max_tokens" | "mcp_servers" | "metadata" | "service_tier" | "speed" | "stop_sequences"
        | "stream" | "temperature" | "thinking" | "thread" | "tool_choice" | "top_k" | "top_p"
        | "user_profile_id" => FieldUse::Nothing,
        _ => FieldUse::Unknown,
    });
    check.finish(())
}
