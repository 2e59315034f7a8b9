//! Calls that a provider carries out later, in a batch of its own: what is sent, and the judgement of what comes back. A
//! completion is masked, restored and checked as that of any other call. It is not repaired: an unusable one is an error.

use super::answer::{faults, length_of};
use super::bill::{AnswerLength, RequestBill, tokens_of};
use super::model_call::model_call;
use super::parts::AiGateway;
use super::question::{InputBounds, longest_answer};
use crate::ask::{GatewayAnswer, GatewayRequest};
use crate::mask::Masking;
use crate::registry::Model;
use crate::signed_reasoning::for_caller;
use application_core::limits::AI_CALLS;
use application_core::model_answer::AnswerHead;
use application_core::{Context, Error};
use domain::ai::{CacheUse, ModelUsage};
use domain::id::AiRequestTag;
use ports::{LimitDecision, ModelAnswer, ModelCall, ModelError, StopReason};
use std::sync::Arc;

/// A call to one model.
pub(crate) struct OfflineCall<'a> {
    /// The model, at the prices that apply.
    model: &'a Model,
    /// The request as it was asked.
    ask: &'a GatewayRequest,
    masked: GatewayRequest,
    masking: Arc<Masking>,
    pub(crate) call: ModelCall,
}

impl<'a> OfflineCall<'a> {
    /// The call for a request, with personal data masked if `masks` says so. Placeholders in its completion are put back in
    /// any case: the organization may have changed its mind since the call was sent.
    pub(crate) fn new(gateway: &AiGateway, model: &'a Model, ask: &'a GatewayRequest, masks: bool) -> Self {
        let (masked, masking) = Masking::of(ask);
        let call = model_call(gateway, model, if masks { &masked } else { ask });
        Self { model, ask, masked, masking, call }
    }

    /// The answer that the provider's completion is, and the usage in any case.
    pub(crate) fn judge(
        &self,
        context: &Context,
        completion: Result<ModelAnswer, ModelError>,
        price_version: &str,
    ) -> (Result<GatewayAnswer, Error>, Vec<ModelUsage>) {
        let mut answer = match completion {
            Ok(answer) => answer,
            Err(error) => return (Err(failure(&error)), Vec::new()),
        };
        let mut bill = RequestBill::default();
        let bounds = InputBounds::of(std::slice::from_ref(self.model), &self.masked);
        let longest = longest_answer(self.model, u64::from(self.ask.conversation.max_output_tokens));
        let length = AnswerLength { input: bounds.most, answer: length_of(&answer), longest };
        let usage = bill.meter(self.model, answer.usage, &length);
        // The usage of all models but none.
        let used = bill.others("");
        if let Some(wrong) = faults(&answer, &self.masked) {
            tracing::warn!(model = self.model.id, faults = wrong.len(), "an answer of a batch can't be used");
            let refused = answer.stop == StopReason::Filtered;
            return (Err(if refused { Error::ModelRefused } else { Error::AnswerUnusable }), used);
        }
        let restored = |text: &str| self.masking.restored(text);
        let reasoning = for_caller(self.model.reasoning_family(), &answer.reasoning, restored);
        answer.text = self.masking.restored(&answer.text);
        answer.tool_calls = self.masking.restored_calls(&answer.tool_calls);
        let request_id = match context.new_id::<AiRequestTag>() {
            Ok(id) => id,
            Err(error) => return (Err(error.into()), used),
        };
        let answered = GatewayAnswer {
            head: AnswerHead {
                request_id,
                model: self.model.id.clone(),
                provider: self.model.provider.as_str().to_owned(),
                cache: CacheUse::Bypass,
                attempts: 1,
                limit: uncounted(),
                overhead_ms: 0,
            },
            reasoning,
            text: answer.text,
            tool_calls: answer.tool_calls,
            stop: answer.stop,
            tokens: tokens_of(&usage),
            reasoning_tokens: usage.reasoning_tokens,
            cost: bill.cost(),
            price_version: price_version.to_owned(),
        };
        (Ok(answered), used)
    }
}

/// The failure of a record, as that of a request whose only model failed so.
fn failure(error: &ModelError) -> Error {
    match error {
        ModelError::ContextLength => Error::ContextLength,
        ModelError::Refused(_) => Error::ModelRefused,
        ModelError::MalformedAnswer(_) => Error::AnswerUnusable,
        ModelError::NoSuchModel => Error::UnknownModel,
        ModelError::Throttled { .. }
        | ModelError::Unavailable(_)
        | ModelError::Resting { .. }
        | ModelError::Lost(_)
        | ModelError::TimedOut
        | ModelError::ProviderTimedOut => Error::ModelsUnavailable { retry_after: None },
    }
}

/// Calls of a provider's batch are not counted.
fn uncounted() -> LimitDecision {
    let (limit, remaining) = (AI_CALLS, AI_CALLS.burst);
    LimitDecision { limit, allowed: true, remaining, retry_after_seconds: 0, reset_seconds: 0 }
}
