//! `POST /v1/ai/completions`: answers a conversation.

use application_ai as ai;
use application_ai::{CompletionRequest, Completions, GatewayAnswer};
use application_core::{Configured, CurrentVersion};
use contracts::ai::{Completion, CompletionRequest as Body, TurnRole, Usage};
use domain::ai::decimal_usd;
use domain::authority::{Authority, CreateCompletions};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::{Message, ModelGateway, Role, ToolSet};

/// The handler and its ports.
pub struct CreateCompletion {
    /// The ports of the use case.
    pub needs: Configured<Completions<dyn ModelGateway>>,
}

impl Route for CreateCompletion {
    type Permission = CreateCompletions;
    type Limit = Uncounted;

    fn handle<'a>(
        &'a self,
        request: &'a Request,
        authority: Authority<CreateCompletions>,
    ) -> RouteFuture<'a> {
        let needs = self.needs.current();
        let judge = |body: &Body| {
            let asked = conversation(body.clone(), request);
            ai::check_completion(&needs.registry, &needs.chain, authority.tenant(), &asked)
        };
        let asked = conversation(request.long_json(judge)?, request);
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let answer = ai::create_completion(&needs, &context, &authority, asked).await?;
            Ok(Response::json(200, &body(&answer))?.with_model_answer(&answer.head, &answer.cost))
        }))
    }
}

fn conversation(body: Body, request: &Request) -> CompletionRequest {
    let turn = |turn: contracts::ai::Turn| {
        let role = match turn.role {
            TurnRole::User => Role::User,
            TurnRole::Assistant => Role::Assistant,
        };
        Message::text(role, turn.content)
    };
    CompletionRequest {
        model: body.model,
        system: body.system.unwrap_or_default(),
        messages: body.messages.into_iter().map(turn).collect(),
        tools: ToolSet::default(),
        allowed_tools: None,
        reasoning_effort: None,
        output_schema: body.response_schema,
        max_tokens: body.max_tokens,
        temperature: body.temperature,
        top_p: body.top_p,
        stop: body.stop.unwrap_or_default(),
        cache: request.cache_control(),
        user: body.user,
    }
}

fn body(answer: &GatewayAnswer) -> Completion {
    Completion {
        id: answer.head.request_id.to_string(),
        model: answer.head.model.clone(),
        provider: answer.head.provider.clone(),
        text: answer.text.clone(),
        stop_reason: answer.stop.as_str().to_owned(),
        usage: Usage {
            input_tokens: answer.tokens.input,
            output_tokens: answer.tokens.output,
            cache_read_tokens: answer.tokens.cache_read,
            cache_write_tokens: answer.tokens.cache_write,
        },
        cost_usd: decimal_usd(answer.cost.nano_usd),
        price_version: answer.price_version.clone(),
        cache: answer.head.cache.as_str().to_owned(),
        attempts: answer.head.attempts,
    }
}
