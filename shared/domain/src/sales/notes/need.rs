//! Need: do they have the problem we solve?

use super::Verdict;
use super::class::Class;
use super::clause::{Clause, Negation};

const NONE: (i8, &str) = (-30, "They see no need");
const URGENT: (i8, &str) = (35, "They have an urgent problem");
const LOOKING: (i8, &str) = (20, "They look for a solution");

/// What may follow `they need it` where the time matters and not the need.
const TIMES: &[Class] = &[Class::Within, Class::Soon, Class::Quarter, Class::Until];

/// The claim of a clause about the need.
pub(super) fn verdict(clause: &Clause<'_>) -> Verdict {
    if clause.has(Class::Past) {
        return None;
    }
    if let Some(needless) = clause.find(Class::Needless) {
        return (!clause.has(Class::Money) && !clause.is_denied(needless)).then_some(NONE);
    }
    if let Some(satisfied) = clause.find(Class::Satisfied) {
        return match clause.negation(satisfied) {
            Negation::Affirmed => clause.has(Class::Current).then_some(NONE),
            Negation::Negated => Some(URGENT),
            Negation::Unclear => None,
        };
    }
    if clause.has(Class::Painless) {
        // `No problem` is neither a need nor the lack of one, whatever it refers to.
        return None;
    }
    // A problem with the budget or with an approval is not a need.
    let about_money = clause.has_any(&[Class::Money, Class::Broke, Class::Expensive, Class::Afford]);
    if let Some(problem) = clause.find(Class::Problem).filter(|_| !about_money) {
        if let Some(solved) = clause.find(Class::Solved) {
            return (clause.negation(solved) == Negation::Affirmed).then_some(NONE);
        }
        return by_negation(clause.negation(problem), URGENT);
    }
    let interest = clause.find(Class::Interest).or_else(|| clause.find(Class::Seek))?;
    // `They need to decide` is not a need.
    let to_buy = clause.all(Class::Buy).any(|buy| {
        let between = clause.sentence.get(interest.after..buy.first).unwrap_or_default();
        buy.first >= interest.after && between.iter().all(|token| token.folded == "to")
    });
    // `They need it by Friday` is about the time: what they need, another sentence says.
    let verb = clause.all(Class::Must).any(|must| must.first == interest.first);
    // `Demo next Tuesday` is an appointment.
    let appointment = clause.all(Class::Encounter).any(|encounter| encounter.first == interest.first)
        && clause.has_any(&[Class::Soon, Class::Quarter]);
    let timed = verb && clause.shortly_after(TIMES, interest.after, 0);
    if to_buy
        || timed
        || appointment
        || about_money
        || clause.has_any(&[Class::Aside, Class::Approval, Class::Superior, Class::Ask])
    {
        return None;
    }
    by_negation(clause.negation(interest), LOOKING)
}

fn by_negation(negation: Negation, claim: (i8, &'static str)) -> Verdict {
    match negation {
        Negation::Affirmed => Some(claim),
        Negation::Negated => Some(NONE),
        Negation::Unclear => None,
    }
}
