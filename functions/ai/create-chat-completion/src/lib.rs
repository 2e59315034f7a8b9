//! `POST /v1/chat/completions`: answers a conversation in OpenAI's format, whole or streamed.

mod answer;
mod names;
mod question;
mod unused;

use application_ai as ai;
use application_ai::Completions;
use application_core::{Configured, CurrentVersion};
use contracts::openai::ChatRequest;
use domain::authority::{Authority, CreateCompletions};
use domain::field::all_of;
use edge::http::answer_headers;
use edge::problem::ProblemFormat;
use edge::streaming::{Reply, StreamedResponse};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::{ModelGateway, StreamingModelGateway};

/// The handler and its ports.
pub struct CreateChatCompletion {
    /// The ports of whole completions.
    pub whole: Configured<Completions<dyn ModelGateway>>,
    /// The ports of streamed completions.
    pub streamed: Configured<Completions<dyn StreamingModelGateway>>,
}

impl Route<Reply> for CreateChatCompletion {
    type Permission = CreateCompletions;
    type Limit = Uncounted;

    fn handle<'a>(
        &'a self,
        request: &'a Request,
        authority: Authority<CreateCompletions>,
    ) -> RouteFuture<'a, Reply> {
        let cache = request.cache_control();
        let whole = self.whole.current();
        let judge = |body: &ChatRequest| {
            let (asked, names, refused) = question::read(body.clone(), cache);
            let wrong = ai::check_completion(&whole.registry, &whole.chain, &authority, &asked);
            all_of(refused, wrong.map_err(|wrong| names.of_caller_fields(wrong)))
        };
        let body: ChatRequest = request.long_json(judge)?;
        let streamed = body.stream.unwrap_or_default();
        let tells_usage = body.stream_options.unwrap_or_default().include_usage.unwrap_or_default();
        let (asked, names, refused) = question::read(body, cache);
        // The use case does not know these fields of OpenAI's format. When one of them is wrong, the use case's own
        // checks run here too, so that one answer names every wrong field.
        if refused.is_err() {
            let wrong = ai::check_completion(&whole.registry, &whole.chain, &authority, &asked);
            all_of(refused, wrong.map_err(|wrong| names.of_caller_fields(wrong)))?;
        }
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        if streamed {
            return Ok(Box::pin(async move {
                let streamed = self.streamed.current();
                let answer = ai::stream_completion(&streamed, &context, &authority, asked).await;
                let answer = answer.map_err(|error| names.of_caller(error))?;
                let (headers, limit) = (answer_headers(&answer.head, None), answer.head.limit);
                let events = answer::events(answer, context.now.seconds(), tells_usage);
                let mut response =
                    StreamedResponse::new(200, "text/event-stream", events).with_rate_limit(limit);
                for (name, value) in headers {
                    response = response.with_header(name, value);
                }
                Ok(response.into())
            }));
        }
        Ok(Box::pin(async move {
            let answer = ai::create_completion(&whole, &context, &authority, asked).await;
            let answer = answer.map_err(|error| names.of_caller(error))?;
            let body = answer::whole(&answer, context.now.seconds());
            Ok(Response::json(200, &body)?.with_model_answer(&answer.head, &answer.cost).into())
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
