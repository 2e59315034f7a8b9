//! An answer that is passed on as it arrives. Another model may be asked until the first words are there, and none after.
//! Whoever holds the stream must take it to its end, or the request is left to the sweeper: the last step settles it.

use super::attempts::{GiveUp, Tries};
use super::complete::{model_call, opening};
use super::session::{Begun, Candidate, Session, Usable, begin, tokens};
use super::{AiGateway, Providers};
use crate::ai::ask::{AnswerCost, AnswerHead, Ask, Asker, Check};
use crate::ports::{Delta, ModelCall, ModelError, ModelStream, StopReason, StreamingModelGateway, Usage};
use crate::{Context, Error};
use domain::ai::{Outcome, Tokens};
use futures_util::future::{Either, select};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

/// A part of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// More text.
    Text(String),
    /// The answer is complete, and settled.
    End {
        /// Why it ended.
        stop: StopReason,
        /// Tokens of the answer itself.
        tokens: Tokens,
        /// What the request used.
        cost: AnswerCost,
    },
    /// The answer broke, and what it used is settled. Nothing follows.
    Broken,
}

/// The parts of an answer.
pub type AnswerStream = BoxStream<'static, StreamEvent>;

/// A streamed answer that has begun.
pub struct Streamed {
    /// What is known of it at its beginning.
    pub head: AnswerHead,
    /// Its parts.
    pub events: AnswerStream,
}

/// Answers a question bit by bit.
pub async fn stream(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn StreamingModelGateway>,
    context: &Context,
    asker: &Asker,
    ask: &Ask,
) -> Result<Streamed, Error> {
    let mut session = match begin(gateway, context, opening(asker, ask)).await? {
        Begun::Hit(answer) => {
            let end = StreamEvent::End { stop: answer.stop, tokens: answer.tokens, cost: answer.cost };
            let events = stream::iter([StreamEvent::Text(answer.text), end]).boxed();
            return Ok(Streamed { head: answer.head, events });
        }
        Begun::Open(session) => session,
    };
    let begun = first_stream(&mut session, providers, ask).await;
    match begun {
        Ok((candidate, (first, rest))) => Ok(Streamed {
            head: session.head(&candidate.model),
            events: passed_on(Passing {
                session: *session,
                candidate,
                check: ask.check.clone(),
                first: Some(first),
                rest,
                text: String::new(),
            }),
        }),
        Err(error) => {
            session.settle(None, Outcome::Failed, None).await;
            Err(error)
        }
    }
}

/// The first stream of the chain that begins.
async fn first_stream(
    session: &mut Session,
    providers: &Providers<dyn StreamingModelGateway>,
    ask: &Ask,
) -> Result<(Candidate, (Delta, ModelStream)), Error> {
    let mut round = session.round();
    while let Some((mut candidate, until)) = session.next_candidate(&mut round).await? {
        let Some(provider) = providers.get(candidate.model.provider) else {
            round.give_up(GiveUp::Missing)?;
            continue;
        };
        match open(session, provider.as_ref(), &mut candidate, until, ask).await {
            Ok(stream) => return Ok((candidate, stream)),
            Err(why) => round.give_up(why)?,
        }
    }
    Err(round.exhausted())
}

async fn open(
    session: &mut Session,
    provider: &dyn StreamingModelGateway,
    candidate: &mut Candidate,
    until: Instant,
    ask: &Ask,
) -> Result<(Delta, ModelStream), GiveUp> {
    let mut call = model_call(&candidate.model, ask);
    let mut tries = Tries::new(session.bound_of(&candidate.model, 0), until);
    loop {
        // A stream that began may take all the time there is, because no other model follows it; only its beginning is in
        // the way of others.
        let to_begin = session.before_call(&mut tries).await?;
        call.time_left = session.time_left();
        let begun = pin!(first_delta(provider, &call));
        let result = match select(begun, session.gateway.timer.sleep(to_begin)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(ModelError::TimedOut),
        };
        if let Some(begun) = session.after_call(&tries, candidate, result).await? {
            return Ok(begun);
        }
    }
}

/// The first part: an answer has not begun before it is there.
async fn first_delta(
    provider: &dyn StreamingModelGateway,
    call: &ModelCall,
) -> Result<(Delta, ModelStream), ModelError> {
    let mut stream = provider.converse_stream(call).await?;
    match stream.next().await {
        Some(first) => Ok((first?, stream)),
        None => Err(ModelError::Unavailable("the stream ended before it began".into())),
    }
}

struct Passing {
    session: Session,
    candidate: Candidate,
    check: Option<Check>,
    first: Option<Delta>,
    rest: ModelStream,
    text: String,
}

fn passed_on(passing: Passing) -> AnswerStream {
    stream::unfold(Some(passing), |passing| async move {
        let mut passing = passing?;
        let delta = match passing.first.take() {
            Some(first) => Some(Ok(first)),
            None => passing.rest.next().await,
        };
        match delta {
            Some(Ok(Delta::Text(text))) => {
                passing.text.push_str(&text);
                Some((StreamEvent::Text(text), Some(passing)))
            }
            Some(Ok(Delta::End { stop, usage })) => Some((passing.end(stop, &usage).await, None)),
            Some(Err(error)) => Some((passing.broken(error).await, None)),
            None => {
                let error = ModelError::Unavailable("the stream ended before its end".into());
                Some((passing.broken(error).await, None))
            }
        }
    })
    .boxed()
}

impl Passing {
    async fn end(mut self, stop: StopReason, usage: &Usage) -> StreamEvent {
        self.session.charge(&self.candidate.model, usage);
        let tokens = tokens(usage);
        // What was sent can't be taken back, but an answer that fails its check is given to nobody else.
        let right = self.check.as_ref().is_none_or(|check| check(&self.text).is_ok());
        let usable =
            (right && stop == StopReason::EndTurn).then_some(Usable { text: &self.text, stop, tokens });
        self.session.settle(Some(&self.candidate.model), Outcome::Answered, usable).await;
        StreamEvent::End { stop, tokens, cost: self.session.cost() }
    }

    /// Nobody says what a broken answer used: the question is charged as short as it can be, and every byte that arrived as
    /// a token, up to the longest answer that was asked for. That is never more than was set aside.
    async fn broken(mut self, error: ModelError) -> StreamEvent {
        let model = &self.candidate.model;
        tracing::warn!(model = model.id, error = &error as &dyn std::error::Error, "a streamed answer broke");
        let usage = Usage {
            input_tokens: self.session.input.1,
            output_tokens: (self.text.len() as u64).min(self.session.longest_answer(model)),
            ..Usage::default()
        };
        self.session.charge(model, &usage);
        self.session.failed(&self.candidate, &error).await;
        self.session.settle(Some(&self.candidate.model), Outcome::Cut, None).await;
        StreamEvent::Broken
    }
}
