//! An answer that is passed on as it arrives. Another model may be asked until the first words are there, and none after.
//! Whoever holds the stream must take it to its end, or the request is left to the sweeper: the last step settles it.

use super::attempts::GiveUp;
use super::complete::{model_call, opening};
use super::session::{Begun, Session, Usable, begin, tokens};
use super::{AiGateway, Providers};
use crate::ai::ask::{AnswerCost, AnswerHead, Ask, Asker};
use crate::ai::registry::Model;
use crate::ports::{Delta, ModelError, ModelStream, StopReason, StreamingModelGateway, Usage};
use crate::{Context, Error};
use domain::ai::{Outcome, Tokens};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;

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
    let begun = session
        .first_of(async |session, candidate, until| {
            let provider = providers.get(candidate.model.provider).ok_or(GiveUp::Next(None))?;
            let mut call = model_call(&candidate.model, ask);
            let bound = session.bound_of(&candidate.model, 0);
            session
                .tries(candidate, bound, until, async |time_left| {
                    // A stream has all the time there is once it has begun; until then, its share.
                    call.time_left = time_left;
                    first_delta(provider.converse_stream(&call).await?).await
                })
                .await
        })
        .await;
    match begun {
        Ok((model, (first, rest))) => Ok(Streamed {
            head: session.head(&model),
            events: passed_on(Passing {
                session: *session,
                model,
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

/// The first part: an answer has not begun before it is there.
async fn first_delta(mut stream: ModelStream) -> Result<(Delta, ModelStream), ModelError> {
    match stream.next().await {
        Some(first) => Ok((first?, stream)),
        None => Err(ModelError::Unavailable("the stream ended before it began".into())),
    }
}

struct Passing {
    session: Session,
    model: Model,
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
            Some(Err(error)) => Some((passing.broken(Some(error)).await, None)),
            None => Some((passing.broken(None).await, None)),
        }
    })
    .boxed()
}

impl Passing {
    async fn end(mut self, stop: StopReason, usage: &Usage) -> StreamEvent {
        self.session.charge(&self.model, usage);
        let tokens = tokens(usage);
        let usable = (stop == StopReason::EndTurn).then_some(Usable { text: &self.text, stop, tokens });
        self.session.settle(Some(&self.model), Outcome::Answered, usable).await;
        StreamEvent::End { stop, tokens, cost: self.session.cost() }
    }

    /// Nobody says what a broken answer used: the question is charged as short as it can be, and every byte that arrived as
    /// a token.
    async fn broken(mut self, error: Option<ModelError>) -> StreamEvent {
        tracing::warn!(
            model = self.model.id,
            error = error.as_ref().map(|error| error as &dyn std::error::Error),
            "a streamed answer broke"
        );
        let usage = Usage {
            input_tokens: self.session.input.1,
            output_tokens: self.text.len() as u64,
            ..Usage::default()
        };
        self.session.charge(&self.model, &usage);
        self.session.settle(Some(&self.model), Outcome::Cut, None).await;
        StreamEvent::Broken
    }
}
