//! Completions that are passed on while they arrive. Another model may be asked until the first words arrive, and none
//! afterwards. The holder of a stream must drive it to its end, because the last step settles the request; otherwise
//! the request is left to the sweeper.

use super::admission::{AdmissionResult, admit};
use super::attempts::{NoCompletionReason, fair_time, time_counts};
use super::bill::{AnswerLength, tokens_of};
use super::breakers::{tell_answered, tell_failed};
use super::lookup::{ModelCandidate, look_up};
use super::model_call::model_call;
use super::parts::{AiGateway, Providers};
use super::question::{GatewayQuestion, InputBounds};
use super::settlement::{CacheableAnswer, Session};
use crate::ask::{CompletionCheck, GatewayRequest, Requester};
use crate::mask::{Masking, Restoring};
use application_core::model_answer::{AnswerCost, AnswerHead};
use application_core::{Context, Error};
use domain::ai::{RequestOutcome, TokenCounts};
use futures_util::future::{Either, select};
use futures_util::stream::{self, BoxStream, StreamExt};
use ports::{Delta, ModelCall, ModelError, ModelStream, StopReason, StreamingModelGateway, Usage};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

/// A part of a streamed completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// More text.
    Text(String),
    /// The completion has ended, and is settled. When the gateway's time ended before it was complete, it ends like one
    /// that was too long.
    End {
        /// The reason why it ended.
        stop: StopReason,
        /// Tokens of the completion itself; at most this many when there are no counts.
        tokens: TokenCounts,
        /// The usage of the request.
        cost: AnswerCost,
    },
    /// The completion broke, and its usage is settled. Nothing follows.
    Broken,
}

/// The parts of a completion.
pub type AnswerStream = BoxStream<'static, StreamEvent>;

/// A streamed completion that has begun.
pub struct Streamed {
    /// The facts about it at its beginning.
    pub head: AnswerHead,
    /// Its parts.
    pub events: AnswerStream,
}

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
    let mut session = match admit(lookup, InputBounds::of(ask)).await? {
        AdmissionResult::FromCache(answer) => {
            let end = StreamEvent::End { stop: answer.stop, tokens: answer.tokens, cost: answer.cost };
            let events = stream::iter([StreamEvent::Text(answer.text), end]).boxed();
            return Ok(Streamed { head: answer.head, events });
        }
        AdmissionResult::Reserved(reserved) => Session::from(*reserved),
    };
    let begun = first_stream(&mut session, providers, ask).await;
    match begun {
        Ok((candidate, began, (first, rest))) => Ok(Streamed {
            head: session.head(&candidate.model),
            events: passed_on(Passing {
                session,
                candidate,
                began,
                check: ask.check.clone(),
                first: Some(first),
                rest,
                text: String::new(),
                restoring: masking.map(|masking| Restoring::new(Arc::clone(masking))),
                ended: None,
            }),
        }),
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
        let begun = pin!(first_delta(provider, &call));
        let result = match select(begun, session.gateway.timer.sleep(to_begin)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(ModelError::TimedOut),
        };
        if let Some(begun) = session.after_call(&calls, candidate, result).await? {
            return Ok((asked, begun));
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
    first: Option<Delta>,
    rest: ModelStream,
    /// The model's text, with placeholders where personal data is masked.
    text: String,
    restoring: Option<Restoring>,
    /// The end, while held-back text is sent before it.
    ended: Option<Result<Delta, ModelError>>,
}

fn passed_on(passing: Passing) -> AnswerStream {
    stream::unfold(Some(passing), |passing| async move {
        let mut passing = passing?;
        loop {
            match passing.next().await {
                Ok(Delta::Text(text)) => {
                    if let Some(told) = passing.told(text) {
                        return Some((StreamEvent::Text(told), Some(passing)));
                    }
                }
                ended => {
                    if let Some(held) = passing.held() {
                        passing.ended = Some(ended);
                        return Some((StreamEvent::Text(held), Some(passing)));
                    }
                    let last = match ended {
                        Ok(Delta::End { stop, usage }) => passing.end(stop, usage).await,
                        Ok(Delta::Text(_)) => continue,
                        Err(ModelError::TimedOut) => passing.cut().await,
                        Err(error) => passing.broken(error).await,
                    };
                    return Some((last, None));
                }
            }
        }
    })
    .boxed()
}

impl Passing {
    /// The next part; an end waits for held-back text.
    async fn next(&mut self) -> Result<Delta, ModelError> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        match self.ended.take() {
            Some(ended) => ended,
            None => self
                .rest
                .next()
                .await
                .unwrap_or_else(|| Err(ModelError::Lost("the stream ended before its end".into()))),
        }
    }

    /// The text that can be passed on after this part.
    fn told(&mut self, text: String) -> Option<String> {
        self.text.push_str(&text);
        match &mut self.restoring {
            None => Some(text),
            Some(restoring) => Some(restoring.more(&text)).filter(|told| !told.is_empty()),
        }
    }

    /// The held-back text, at the end.
    fn held(&mut self) -> Option<String> {
        self.restoring.as_mut().map(Restoring::rest).filter(|held| !held.is_empty())
    }

    async fn end(mut self, stop: StopReason, usage: Option<Usage>) -> StreamEvent {
        let length = AnswerLength {
            input: self.session.input.most,
            answer: self.text.len(),
            longest: self.session.longest_answer(&self.candidate.model),
        };
        let tokens = tokens_of(&self.session.bill.meter(&self.candidate.model, usage, &length));
        // Sent text can't be taken back, but a completion that fails its check is not cached.
        self.answered().await;
        let right = self.check.as_ref().is_none_or(|check| check(&self.text).is_ok());
        let text = match &self.restoring {
            Some(restoring) => restoring.all(&self.text),
            None => self.text.clone(),
        };
        let cacheable = CacheableAnswer::of(&text, stop, tokens).filter(|_| right);
        self.session.settle(Some(&self.candidate.model), RequestOutcome::Answered, cacheable).await;
        StreamEvent::End { stop, tokens, cost: self.session.bill.cost() }
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
        StreamEvent::End { stop: StopReason::MaxTokens, tokens, cost: self.session.bill.cost() }
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

    /// Charges text that arrived without counts: the prompt at its upper bound, and every byte as a token, up to the
    /// longest completion that was asked for. That is never more than the amount set aside.
    fn arrived(&mut self) -> TokenCounts {
        let model = &self.candidate.model;
        let output = (self.text.len() as u64).min(self.session.longest_answer(model));
        self.session.bill.presume(model, self.session.input.most, output)
    }
}
