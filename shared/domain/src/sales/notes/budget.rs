//! Budget: can they pay? A budget counts if the clause says that it exists; the word alone does not count.

use super::Verdict;
use super::class::Class;
use super::clause::{Clause, Negation};

const NONE: (i8, &str) = (-35, "They have no budget");
const WORRY: (i8, &str) = (-15, "Price worries them");
const APPROVED: (i8, &str) = (40, "A budget is approved");
const THERE: (i8, &str) = (20, "They have a budget");

/// The claim of a clause about the budget.
pub(super) fn verdict(clause: &Clause<'_>) -> Verdict {
    if clause.has(Class::Past) {
        return None;
    }
    // `They budgeted 0 for this`.
    if clause.amount() == Some(0) && clause.has_any(&[Class::Money, Class::Approve, Class::Spend]) {
        return Some(NONE);
    }
    if let Some(broke) = clause.find(Class::Broke) {
        return (!clause.is_denied(broke)).then_some(NONE);
    }
    if let Some(money) = clause.find(Class::Money) {
        return about_money(clause, clause.negation(money));
    }
    if let Some(afford) = clause.find(Class::Afford) {
        return match clause.negation(afford) {
            Negation::Affirmed => Some(THERE),
            Negation::Negated => Some(NONE),
            Negation::Unclear => None,
        };
    }
    if let Some(expensive) = clause.find(Class::Expensive) {
        return (clause.negation(expensive) == Negation::Affirmed).then_some(WORRY);
    }
    if clause.has(Class::Expense) {
        // `The board turned the expense down`.
        let affirmed = |class| clause.find(class).filter(|tag| clause.negation(tag) == Negation::Affirmed);
        if affirmed(Class::Approve).is_some() && !clause.has(Class::Pending) {
            return Some(APPROVED);
        }
        if affirmed(Class::Cut).is_some() {
            return Some(NONE);
        }
    }
    let paid = clause.find(Class::Approve).map(|approve| (approve, APPROVED));
    let (tag, claim) = paid.or_else(|| clause.find(Class::Spend).map(|spend| (spend, THERE)))?;
    let amount = clause.amount().filter(|amount| *amount > 0)?;
    // `She may sign up to 50k` is about the person.
    let of_a_person = clause.has_any(&[Class::Decides, Class::Power]);
    // `Signs up to 50k`, where one word says both.
    let signs = clause.all(Class::Decides).any(|decides| decides.first == tag.first);
    let claimed = amount > 0
        && !(of_a_person && (claim == THERE || signs))
        && clause.negation(tag) == Negation::Affirmed
        && !clause.has(Class::Pending);
    claimed.then_some(claim)
}

/// The claim of a clause that names a budget.
fn about_money(clause: &Clause<'_>, negation: Negation) -> Verdict {
    let negated = negation == Negation::Negated;
    if clause.has(Class::Painless) {
        return Some(THERE);
    }
    if clause.has(Class::Obstacle) {
        // `Budget is no problem`.
        return match negation {
            Negation::Affirmed => Some(WORRY),
            Negation::Negated => Some(THERE),
            Negation::Unclear => None,
        };
    }
    if negation == Negation::Unclear {
        return None;
    }
    if let Some(cut) = clause.find(Class::Cut) {
        return (clause.negation(cut) == Negation::Affirmed).then_some(NONE);
    }
    let amount = clause.amount();
    if clause.has(Class::Nothing) {
        return Some(NONE);
    }
    if clause.has(Class::Tight) {
        return if negated { None } else { Some(WORRY) };
    }
    if negated {
        return if clause.has(Class::Pending) && !clause.has(Class::Approve) { None } else { Some(NONE) };
    }
    if clause.has_any(&[Class::Pending, Class::Seek, Class::Must, Class::Ask]) {
        return None;
    }
    if clause.has(Class::Approve) {
        return Some(APPROVED);
    }
    // `Somebody else has the budget` and `she controls the budget` are about the person.
    let of_a_person = clause.has_any(&[Class::Superior, Class::Decides]);
    let theirs = clause.has(Class::Have) && !of_a_person;
    (theirs || amount.is_some() || clause.has_any(&[Class::Affirmed, Class::Afford])).then_some(THERE)
}
