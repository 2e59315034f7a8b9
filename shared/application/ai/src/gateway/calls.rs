//! The calls of a session: each is paid for before it is made, and judged afterwards.

use super::admission::SHORTEST_CALL;
use super::attempts::{Candidates, ModelCalls, NoCompletionReason, pause};
use super::breakers::{MayAsk, may_ask, probe, tell_answered, tell_failed};
use super::lookup::ModelCandidate;
use super::settlement::Session;
use crate::registry::Model;
use application_core::Error;
use ports::{Breaker, FailureCause, ModelError};
use std::time::{Duration, Instant};

impl Session {
    /// The models that may be asked, in their order.
    pub(super) fn candidates(&self) -> Candidates {
        Candidates::new(self.candidates.clone(), self.terms.named, self.length_is_the_callers)
    }

    /// Calls to a model that may take until `until`, for the prompt with `extra` tokens.
    pub(super) fn calls(&self, model: &Model, extra: u64, waits_for: u64, until: Instant) -> ModelCalls {
        let input = self.input.most.saturating_add(extra);
        ModelCalls::new(input, self.most_costs(model, extra), waits_for, until, true)
    }

    /// The same for streams: a call is judged when its completion begins, and counts as answered at its end.
    pub(super) fn stream_calls(&self, model: &Model, until: Instant) -> ModelCalls {
        ModelCalls::new(self.input.most, self.most_costs(model, 0), 0, until, false)
    }

    /// The next model whose breaker lets this request through, and the time until which it may take.
    pub(super) async fn next_candidate(
        &mut self,
        candidates: &mut Candidates,
    ) -> Result<Option<(ModelCandidate, Instant)>, Error> {
        loop {
            let next = candidates.next(self.time_left(), self.context.clock());
            let Some((mut candidate, share)) = next else { return Ok(None) };
            let may = match may_ask(&self.context, &candidate) {
                MayAsk::Probe => self.take_probe(&mut candidate).await,
                known => Ok(known),
            };
            match may {
                Ok(MayAsk::Yes | MayAsk::Probe) => return Ok(Some((candidate, Instant::now() + share))),
                // A model that does not fail is asked first.
                Ok(MayAsk::Later) => candidates.defer(candidate),
                Ok(MayAsk::No(wait)) => candidates.record(NoCompletionReason::Unavailable(Some(wait)))?,
                Err(error) => candidates.record(error.into())?,
            }
        }
    }

    async fn take_probe(&mut self, candidate: &mut ModelCandidate) -> Result<MayAsk, Error> {
        self.require_money(self.most_costs(&candidate.model, 0)).await?;
        Ok(probe(&self.gateway, &self.context, candidate).await?)
    }

    /// Prepares a call, which is paid for before it is made. Returns the time that it may take.
    pub(super) async fn before_call(
        &mut self,
        calls: &mut ModelCalls,
    ) -> Result<Duration, NoCompletionReason> {
        if !calls.has_time() {
            return Err(NoCompletionReason::OutOfTime);
        }
        self.require_money(calls.bound).await?;
        let had = calls.begin()?;
        self.attempts += 1;
        Ok(had)
    }

    /// Judges a call: its completion, or `None` when the same model should be called again now, after a pause.
    pub(super) async fn after_call<T>(
        &mut self,
        calls: &ModelCalls,
        candidate: &mut ModelCandidate,
        result: Result<T, ModelError>,
    ) -> Result<Option<T>, NoCompletionReason> {
        self.waited += calls.took();
        self.asked = Some(candidate.model.clone());
        let error = match result {
            Ok(answer) => {
                if calls.whole || candidate.breaker == Breaker::HalfOpen {
                    tell_answered(&self.gateway, &self.context, candidate).await;
                }
                return Ok(Some(answer));
            }
            Err(error) => error,
        };
        let counts = calls.had_enough_time(&error);
        // The alarms leave out what a request causes. A timeout is the request's if a healthy model needs more time too.
        let cause = if counts { error.cause() } else { FailureCause::Request };
        tracing::warn!(
            model = candidate.model.id,
            model_failure = cause.as_str(),
            error = &error as &dyn std::error::Error,
            "a model gave no answer"
        );
        if error.may_be_billed() {
            // The number of written tokens is unknown, so the whole amount set aside is charged.
            self.bill.presume(&candidate.model, calls.input, self.longest_answer(&candidate.model));
        }
        let breaker = tell_failed(&self.gateway, &self.context, candidate, &error, counts).await;
        let wanted = calls.after(candidate, &error, breaker, self.context.clock())?;
        let pause = match wanted {
            Some(wanted) => wanted,
            None => self.pause(calls.made())?,
        };
        if Instant::now() + pause + SHORTEST_CALL > calls.until {
            return Err(calls.no_time_for_a_pause(&error));
        }
        self.gateway.timer.sleep(pause).await;
        Ok(None)
    }

    fn pause(&self, made: u32) -> Result<Duration, Error> {
        let mut random = [0; 1];
        self.context.entropy.fill(&mut random)?;
        let [random] = random;
        Ok(pause(made, random))
    }
}
