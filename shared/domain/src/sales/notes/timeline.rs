//! Timeline: will they buy soon? A time counts if the clause is about the purchase, or if the clause has only the time.

use super::Verdict;
use super::class::Class;
use super::clause::{Clause, Negation};
use super::lexicon::Tag;
use super::token::{Kind, Token};

const SOON: (i8, &str) = (40, "They want to decide soon");
const QUARTER: (i8, &str) = (25, "They plan to decide within months");
const LATER: (i8, &str) = (-30, "They will not buy soon");
/// A clause with at most this many words in addition to the time is about the purchase, as in `start: next month`.
const FRAGMENT: usize = 2;

/// A time that a clause names.
struct Time<'a> {
    tag: &'a Tag,
    claim: (i8, &'static str),
}

/// The claim of a clause about the time of the purchase.
pub(super) fn verdict(clause: &Clause<'_>, previous: Option<&Clause<'_>>) -> Verdict {
    if clause.has(Class::Past) {
        return None;
    }
    // `Without her boss nothing happens` is about the person.
    let waits_for_consent = clause.has(Class::Without) && clause.has_any(&[Class::Approval, Class::Superior]);
    if waits_for_consent {
        return None;
    }
    if let Some(later) = clause.find(Class::Later).filter(|later| !is_answer_to_more(clause, later)) {
        return (!clause.is_denied(later) && !clause.has_any(&[Class::Money, Class::Broke])).then_some(LATER);
    }
    if clause.has(Class::Resume) && clause.has(Class::Until) {
        return Some(LATER);
    }
    // `Timeline: none`.
    let is_label = clause.has(Class::Nothing) && clause.has(Class::Within) && clause.words() <= FRAGMENT;
    if is_label && clause.tokens().iter().any(|token| matches!(token.kind, Kind::Colon | Kind::Answer)) {
        return Some(LATER);
    }
    let time = time(clause)?;
    if clause.has(Class::Resume) {
        // `We talk again next week` is an appointment, `we talk again next year` a delay.
        return (time.claim != SOON).then_some(LATER);
    }
    // `Not before the merger in 2028`.
    if time.claim == LATER && clause.has(Class::Until) {
        return Some(LATER);
    }
    if clause.has(Class::Needless) || !is_about_purchase(clause, &time, previous) {
        return None;
    }
    let late = time.claim == LATER;
    if clause.has(Class::Until) {
        return Some(LATER);
    }
    match clause.negation(time.tag) {
        Negation::Affirmed => Some(time.claim),
        Negation::Negated if !late => Some(LATER),
        Negation::Negated | Negation::Unclear => None,
    }
}

/// Whether a phrase with a negation, such as `for now no`, denies the rest of its clause: `por ahora no les hace falta`.
fn is_answer_to_more(clause: &Clause<'_>, later: &Tag) -> bool {
    let negates = clause.all(Class::Not).any(|not| not.first == later.first && not.after == later.after);
    let more = clause.words().saturating_sub(later.after - later.first) > FRAGMENT;
    negates && (more || clause.has_any(&[Class::Seek, Class::Interest, Class::Needless, Class::Aside]))
}

fn time<'a>(clause: &'a Clause<'_>) -> Option<Time<'a>> {
    let named = |class, claim| clause.find(class).map(|tag| Time { tag, claim });
    named(Class::Far, LATER)
        .or_else(|| named(Class::Soon, SOON))
        .or_else(|| named(Class::Quarter, QUARTER))
        .or_else(|| within(clause))
}

/// A span from now: `within 30 days`, `in the next three months`.
fn within<'a>(clause: &'a Clause<'_>) -> Option<Time<'a>> {
    let units = [(Class::Day, 1), (Class::Week, 7), (Class::Month, 30), (Class::Year, 365)];
    units.into_iter().find_map(|(class, days)| {
        clause.all(class).find_map(|tag| {
            let number = (1..=2).find_map(|back| {
                let at = tag.first.checked_sub(back)?;
                let token: &Token = clause.sentence.get(at).filter(|_| at >= clause.first)?;
                clause.lexicon.number(token).map(|value| (at, value))
            });
            let (at, value) = number?;
            if !clause.shortly_before(&[Class::Within, Class::Until], at, 3) {
                return None;
            }
            let claim = match value.saturating_mul(days) {
                0..=31 => SOON,
                32..=190 => QUARTER,
                _ => LATER,
            };
            Some(Time { tag, claim })
        })
    })
}

fn is_about_purchase(clause: &Clause<'_>, time: &Time<'_>, previous: Option<&Clause<'_>>) -> bool {
    // `The new CEO starts in May`.
    let about_a_person = clause.has(Class::Away) && clause.has_any(&[Class::Executive, Class::Head]);
    if clause.has(Class::Encounter) || about_a_person {
        return false;
    }
    if clause.has_any(&[Class::Buy, Class::Decides, Class::Seek, Class::Must, Class::Until]) {
        return true;
    }
    // `No budget this year` and `the owner is away next week` name no time of a purchase.
    if clause.has_any(&[Class::Money, Class::Broke, Class::Away]) {
        return false;
    }
    // `The decision falls soon, by the end of the month`: a clause with only a time belongs to the clause before.
    let others = clause.words().saturating_sub(time.tag.after - time.tag.first);
    let framing = clause.tags.iter().filter(|tag| {
        matches!(
            tag.class,
            Class::Be
                | Class::Article
                | Class::Not
                | Class::Until
                | Class::Within
                | Class::Future
                | Class::Idiom
        ) && tag.first != time.tag.first
    });
    let framed: usize = framing.map(|tag| tag.after - tag.first).sum();
    others.saturating_sub(framed) <= FRAGMENT
        && previous.is_none_or(|before| !before.has_any(&[Class::Encounter, Class::Past, Class::Elsewhere]))
}
