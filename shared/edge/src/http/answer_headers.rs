//! Headers about a model's answer, the same on every route that asks a model.

use super::Response;
use crate::problem::openai_limit_headers;
use application_core::model_answer::{AnswerCost, AnswerHead};
use domain::ai::decimal_usd;

/// The headers of an answer; a streamed answer has no cost yet.
pub fn answer_headers(head: &AnswerHead, cost: Option<&AnswerCost>) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("X-Sextant-Model", head.model.clone()),
        ("X-Sextant-Provider", head.provider.clone()),
        ("X-Sextant-Cache", head.cache.as_str().to_owned()),
        ("X-Sextant-Attempts", head.attempts.to_string()),
        ("X-Sextant-Overhead-Ms", head.overhead_ms.to_string()),
    ];
    headers.extend(openai_limit_headers(head.limit));
    if let Some(cost) = cost {
        headers.push(("X-Sextant-Cost-Usd", decimal_usd(cost.nano_usd)));
    }
    headers
}

impl Response {
    /// The same answer with the state of the rate limit and the headers of a whole answer of a model.
    pub fn with_model_answer(self, head: &AnswerHead, cost: &AnswerCost) -> Self {
        let response = self.with_rate_limit(head.limit);
        answer_headers(head, Some(cost))
            .into_iter()
            .fold(response, |response, (name, value)| response.with_header(name, value))
    }
}
