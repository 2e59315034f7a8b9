//! Completions that are passed on while they arrive. Another model may be asked until the first words arrive, and none
//! afterwards. The holder of a stream must drive it to its end, because the last step settles the request; otherwise
//! the request is left to the sweeper.

use super::admission::{AdmissionResult, admit};
use super::attempts::{MOST_CALLS_WHEN_MALFORMED, NoCompletionReason, fair_time, time_counts};
use super::bill::{AnswerLength, tokens_of};
use super::breakers::{tell_answered, tell_failed};
use super::lookup::{ModelCandidate, look_up};
use super::model_call::{model_call, without_earlier_reasoning};
use super::parts::{AiGateway, Providers};
use super::passing::PassedCompletion;
use super::question::{GatewayQuestion, InputBounds};
use super::settlement::{CacheableAnswer, Session};
use super::stream_event::{AnswerStream, StreamEnd, StreamEvent, StreamOutcome, Streamed, replayed};
use crate::ask::{CompletionCheck, GatewayRequest, Requester, ToolCallCheck};
use crate::mask::Masking;
use application_core::{Context, Error};
use domain::ai::{RequestOutcome, TokenCounts};
use futures_util::future::{Either, select};
use futures_util::stream::{self, StreamExt};
use ports::{Delta, ModelCall, ModelError, ModelStream, StopReason, StreamingModelGateway, Usage};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

/// Streams a completion.
pub async fn stream(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn StreamingModelGateway>,
    context: &Context,
    asker: &Requester,
    ask: &GatewayRequest,
) -> Result<Streamed, Error> {
    let lookup = look_up(gateway, context, GatewayQuestion::of(gateway, asker, ask)).await?;
    let masked = lookup.terms.masks().then(|| Masking::of(ask));
    let (ask, masking) = masked.as_ref().map_or((ask, None), |(ask, masking)| (ask, Some(masking)));
    let input = InputBounds::of(&lookup.terms.models, ask);
    let mut session = match admit(lookup, input).await? {
        AdmissionResult::FromCache(answer) => {
            return Ok(replayed(*answer, ask.conversation.output_schema.is_some()));
        }
        AdmissionResult::Reserved(reserved) => Session::from(*reserved),
    };
    let begun = first_stream(&mut session, providers, ask).await;
    match begun {
        Ok((candidate, began, (first, rest))) => {
            let reasons = ask.conversation.reasoning_effort.is_some() && candidate.model.reasoning.is_some();
            let head = session.head(&candidate.model);
            let passed = PassedCompletion::new(ask, masking, candidate.model.reasoning_family());
            let events = passed_on(Passing {
                session,
                candidate,
                began,
                check: ask.check.clone(),
                tool_check: ask.tool_check.clone(),
                first: Some(first),
                rest,
                passed,
                reasons,
                ended: None,
            });
            Ok(Streamed { head, events })
        }
        Err(error) => {
            session.settle(None, RequestOutcome::Failed, None).await;
            Err(error)
        }
    }
}

/// The first stream of the chain that begins.
async fn first_stream(
    session: &mut Session,
    providers: &Providers<dyn StreamingModelGateway>,
    ask: &GatewayRequest,
) -> Result<(ModelCandidate, Instant, (Delta, ModelStream)), Error> {
    let mut candidates = session.candidates();
    while let Some((mut candidate, until)) = session.next_candidate(&mut candidates).await? {
        let Some(provider) = providers.get(candidate.model.provider) else {
            candidates.record(NoCompletionReason::NotDeployed)?;
            continue;
        };
        match open(session, provider.as_ref(), &mut candidate, until, ask).await {
            Ok((began, stream)) => return Ok((candidate, began, stream)),
            Err(why) => candidates.record(why)?,
        }
    }
    Err(candidates.exhausted())
}

async fn open(
    session: &mut Session,
    provider: &dyn StreamingModelGateway,
    candidate: &mut ModelCandidate,
    until: Instant,
    ask: &GatewayRequest,
) -> Result<(Instant, (Delta, ModelStream)), NoCompletionReason> {
    let mut call = model_call(&session.gateway, &candidate.model, ask);
    let mut calls = session.stream_calls(&candidate.model, until);
    loop {
        // A stream that has begun may take all the time there is, because no other model follows it; only the wait for
        // its beginning delays others.
        let to_begin = session.before_call(&mut calls).await?;
        call.time_left = session.time_left();
        let asked = Instant::now();
        let result = {
            let begun = pin!(first_delta(provider, &call));
            match select(begun, session.gateway.timer.sleep(to_begin)).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => Err(ModelError::TimedOut),
            }
        };
        if matches!(result, Err(ModelError::Refused(_))) && without_earlier_reasoning(&mut call) {
            continue;
        }
        let Some(begun) = session.after_call(&calls, candidate, result).await? else { continue };
        let (Delta::End { stop: StopReason::Malformed, usage }, _) = &begun else {
            return Ok((asked, begun));
        };
        // Nothing was passed on, so the same model can be asked again: most write a call well then.
        let length = AnswerLength {
            input: session.input.most,
            answer: 0,
            longest: session.longest_answer(&candidate.model),
        };
        session.bill.meter(&candidate.model, *usage, &length);
        if calls.made() >= MOST_CALLS_WHEN_MALFORMED {
            return Err(NoCompletionReason::Unusable);
        }
    }
}

/// The first part: a completion has not begun before it arrives.
async fn first_delta(
    provider: &dyn StreamingModelGateway,
    call: &ModelCall,
) -> Result<(Delta, ModelStream), ModelError> {
    let mut stream = provider.converse_stream(call).await?;
    match stream.next().await {
        Some(first) => Ok((first?, stream)),
        None => Err(ModelError::Lost("the stream ended before it began".into())),
    }
}

struct Passing {
    session: Session,
    candidate: ModelCandidate,
    /// When the model was asked.
    began: Instant,
    check: Option<CompletionCheck>,
    tool_check: Option<ToolCallCheck>,
    first: Option<Delta>,
    rest: ModelStream,
    passed: PassedCompletion,
    /// Whether the model may have written reasoning, which is paid and arrives in parts or as a summary alone.
    reasons: bool,
    /// The end, while held-back parts are sent before it.
    ended: Option<StreamOutcome>,
}

fn passed_on(passing: Passing) -> AnswerStream {
    stream::unfold(Some(passing), |passing| async move {
        let mut passing = passing?;
        loop {
            if let Some(event) = passing.passed.ready() {
                return Some((event, Some(passing)));
            }
            if let Some(ended) = passing.ended.take() {
                return Some((passing.last(ended).await, None));
            }
            passing.take_next().await;
        }
    })
    .boxed()
}

impl Passing {
    /// Takes the next part; the end waits until held-back parts are passed on.
    async fn take_next(&mut self) {
        let next = match self.first.take() {
            Some(first) => Ok(first),
            None => {
                let lost = || Err(ModelError::Lost("the stream ended before its end".into()));
                self.rest.next().await.unwrap_or_else(lost)
            }
        };
        let ended = match next {
            Ok(Delta::Text(text)) => return self.passed.take_text(&text),
            Ok(Delta::Reasoning(text)) => return self.passed.take_reasoning(&text),
            Ok(Delta::ReasoningSignature(signature)) => return self.passed.take_signature(signature),
            Ok(Delta::RedactedReasoning(data)) => return self.passed.take_redacted(data),
            Ok(Delta::ToolCall { id, name }) => return self.passed.take_call(id, name),
            Ok(Delta::Arguments(json)) => return self.passed.take_arguments(&json),
            Ok(Delta::End { stop, usage }) => StreamOutcome::Whole { stop, usage },
            Err(error) => StreamOutcome::Failed(error),
        };
        if ended.ends_calls() {
            self.passed.flush();
        } else {
            // A call that is cut has no arguments but those that arrived.
            self.passed.release();
        }
        self.ended = Some(ended);
    }

    /// The last event. It settles the request.
    async fn last(self, ended: StreamOutcome) -> StreamEvent {
        match ended {
            StreamOutcome::Whole { stop: StopReason::Malformed, usage } => self.malformed(usage).await,
            StreamOutcome::Whole { stop, usage } => self.end(stop, usage).await,
            StreamOutcome::Failed(ModelError::TimedOut) => self.cut().await,
            StreamOutcome::Failed(error) => self.broken(error).await,
        }
    }

    async fn end(mut self, stop: StopReason, usage: Option<Usage>) -> StreamEvent {
        let usage = self.metered(usage);
        // Sent parts can't be taken back, but a completion that fails its check is not cached.
        self.answered().await;
        let answer = self.passed.restored_answer(self.passed.stop(stop), usage);
        let tokens = tokens_of(&usage);
        let cacheable = CacheableAnswer::of(&answer, tokens).filter(|_| self.is_right());
        self.session.settle(Some(&self.candidate.model), RequestOutcome::Answered, cacheable).await;
        let (reasoning_tokens, cost) = (usage.reasoning_tokens, self.session.bill.cost());
        StreamEvent::End(StreamEnd { stop: answer.stop, tokens, reasoning_tokens, cost })
    }

    /// The usage by the provider's counts, otherwise by the length of what arrived.
    fn metered(&mut self, usage: Option<Usage>) -> Usage {
        let length = AnswerLength {
            input: self.session.input.most,
            answer: self.most_written(),
            longest: self.session.longest_answer(&self.candidate.model),
        };
        self.session.bill.meter(&self.candidate.model, usage, &length)
    }

    /// Whether the completion passes its checks.
    fn is_right(&self) -> bool {
        let calls = self.passed.calls();
        let right_calls = self.tool_check.as_ref().is_none_or(|check| check(calls).is_ok());
        let check = self.check.as_ref().filter(|_| calls.is_empty());
        right_calls && check.is_none_or(|check| check(self.passed.text()).is_ok())
    }

    /// The model ended its completion with a call that can't be read. The provider bills it; the caller must not take
    /// the parts so far for a whole completion.
    async fn malformed(mut self, usage: Option<Usage>) -> StreamEvent {
        tracing::warn!(model = self.candidate.model.id, "a streamed call of a tool can't be read");
        self.metered(usage);
        self.answered().await;
        self.session.settle(Some(&self.candidate.model), RequestOutcome::Cut, None).await;
        StreamEvent::Broken
    }

    /// Reports to the model's breaker that it answered.
    async fn answered(&mut self) {
        tell_answered(&self.session.gateway, &self.session.context, &mut self.candidate).await;
    }

    /// The gateway's time ended while the model was writing: the call ends here, and the text so far is the answer. It
    /// says nothing about the model, whose completion may be long and whose reader may be slow.
    async fn cut(mut self) -> StreamEvent {
        let tokens = self.arrived();
        self.answered().await;
        self.session.settle(Some(&self.candidate.model), RequestOutcome::Cut, None).await;
        let cost = self.session.bill.cost();
        StreamEvent::End(StreamEnd { stop: StopReason::MaxTokens, tokens, reasoning_tokens: 0, cost })
    }

    /// The provider ended the call. When it said so, it made exactly the text that arrived; when the connection or the
    /// counts are lost, that is unknown.
    async fn broken(mut self, error: ModelError) -> StreamEvent {
        let model = &self.candidate.model;
        tracing::warn!(model = model.id, error = &error as &dyn std::error::Error, "a streamed answer broke");
        if matches!(error, ModelError::Lost(_)) {
            let (input, longest) = (self.session.input.most, self.session.longest_answer(model));
            self.session.bill.presume(model, input, longest);
        } else {
            self.arrived();
        }
        let longest = self.session.longest_answer(&self.candidate.model);
        let fair = fair_time(self.session.input.most, longest);
        let counts = time_counts(&error, self.began.elapsed(), fair, fair);
        let (gateway, context) = (&self.session.gateway, &self.session.context);
        tell_failed(gateway, context, &self.candidate, &error, counts).await;
        self.session.settle(Some(&self.candidate.model), RequestOutcome::Cut, None).await;
        StreamEvent::Broken
    }

    /// The most bytes that the model wrote. What arrives of its reasoning may be a summary, and the reasoning itself may
    /// have been all that was allowed.
    fn most_written(&self) -> usize {
        if self.reasons { usize::MAX } else { self.passed.arrived() }
    }

    /// Charges parts that arrived without counts: the prompt at its upper bound, and every byte as a token, up to the
    /// longest completion that was asked for. That is never more than the amount set aside.
    fn arrived(&mut self) -> TokenCounts {
        let model = &self.candidate.model;
        let output = (self.most_written() as u64).min(self.session.longest_answer(model));
        self.session.bill.presume(model, self.session.input.most, output)
    }
}
