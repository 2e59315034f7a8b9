//! `POST /v1/messages/count_tokens`: an estimate of the tokens of a prompt in Anthropic's format. No model is asked.

use application_ai as ai;
use application_ai::Registry;
use application_core::{Configured, CurrentVersion};
use contracts::anthropic::{MessageTokens, MessageTokensRequest};
use domain::authority::{Authority, CreateCompletions};
use domain::field::{FieldChecks, InvalidFields};
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The model name that stands for the chain.
const AUTO: &str = "auto";
/// The most characters of a model's name.
const LONGEST_NAME: usize = 200;
/// The most characters of the name of an unknown field that are repeated.
const LONGEST_FIELD: usize = 64;
/// The fields of a request for a message that the estimate does not count.
const IGNORED: [&str; 19] = [
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "metadata",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "temperature",
    "thinking",
    "thread",
    "tool_choice",
    "top_k",
    "top_p",
    "user_profile_id",
];

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
    for name in body.rest.keys().filter(|name| !IGNORED.contains(&name.as_str())) {
        let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_FIELD).collect();
        check.wrong(&name, "unknown", "is not a field of this body");
    }
    check.finish(())
}
