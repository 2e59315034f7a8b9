//! Given, when, then for aggregates: given these events, when something is decided, then these events follow.
//!
//! ```text
//! given([created]).when(|lead| delete_lead(lead.unwrap())).then([deleted]);
//! ```

use domain::{Aggregate, EventMeta, Timestamp};
use std::convert::Infallible;
use std::fmt::Debug;

/// The events so far.
#[derive(Debug)]
pub struct Given<A: Aggregate> {
    events: Vec<A::Event>,
}

/// These events happened, one second after the other, from 2026-01-01T00:00:00Z.
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given { events: events.into_iter().collect() }
}

/// No event happened yet.
pub fn given_nothing<A: Aggregate>() -> Given<A> {
    Given { events: Vec::new() }
}

/// The result of a decision: an event, an optional event, several events, or a refusal.
pub trait Decision<E> {
    /// The reason of a refusal.
    type Refusal;
    /// The events, or the refusal.
    fn events(self) -> Result<Vec<E>, Self::Refusal>;
}

impl<E> Decision<E> for E {
    type Refusal = Infallible;
    fn events(self) -> Result<Vec<E>, Infallible> {
        Ok(vec![self])
    }
}

impl<E> Decision<E> for Option<E> {
    type Refusal = Infallible;
    fn events(self) -> Result<Vec<E>, Infallible> {
        Ok(self.into_iter().collect())
    }
}

impl<E> Decision<E> for Vec<E> {
    type Refusal = Infallible;
    fn events(self) -> Result<Vec<E>, Infallible> {
        Ok(self)
    }
}

impl<E, R> Decision<E> for Result<E, R> {
    type Refusal = R;
    fn events(self) -> Result<Vec<E>, R> {
        self.map(|event| vec![event])
    }
}

impl<E, R> Decision<E> for Result<Option<E>, R> {
    type Refusal = R;
    fn events(self) -> Result<Vec<E>, R> {
        self.map(|event| event.into_iter().collect())
    }
}

impl<A: Aggregate> Given<A> {
    /// Folds the events and decides.
    pub fn when<D: Decision<A::Event>>(self, decide: impl FnOnce(Option<&A>) -> D) -> Outcome<A, D::Refusal> {
        let state = fold(None, &self.events, 0);
        let decided = decide(state.as_ref()).events();
        Outcome { happened: self.events.len(), state, decided }
    }
}

/// The result of a decision.
#[derive(Debug)]
pub struct Outcome<A: Aggregate, R> {
    happened: usize,
    state: Option<A>,
    decided: Result<Vec<A::Event>, R>,
}

impl<A: Aggregate, R: Debug> Outcome<A, R>
where
    A::Event: PartialEq + Debug,
{
    /// Asserts that these events follow; returns the state after them.
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>) -> Option<A> {
        let decided = self.decided.expect("the decision was refused");
        assert_eq!(decided, expected.into_iter().collect::<Vec<_>>());
        fold(self.state, &decided, self.happened)
    }

    /// Asserts that no event follows.
    pub fn then_nothing(self) {
        self.then([]);
    }

    /// Asserts a refusal; returns its reason.
    pub fn then_refused(self) -> R {
        self.decided.expect_err("the decision was not refused")
    }
}

fn fold<A: Aggregate>(state: Option<A>, events: &[A::Event], before: usize) -> Option<A> {
    let start = Timestamp::from_millis(1_767_225_600_000);
    events.iter().zip(before..).fold(state, |state, (event, position)| {
        let at = start.plus_seconds(i64::try_from(position).unwrap_or(i64::MAX));
        A::apply(state, event, EventMeta { at })
    })
}
