//! Authority: does the contact decide? A title or a decision counts if the clause assigns it to the contact. A
//! statement about another person, such as the chief executive whose assistant we talk to, does not count.

use super::Verdict;
use super::class::Class;
use super::clause::{Clause, Negation};
use super::lexicon::Tag;
use super::title::{begins, is_contacts, is_filler, is_fragment, name_before};

const DECIDES: (i8, &str) = (40, "The contact decides");
const DEPARTMENT: (i8, &str) = (25, "The contact leads a department");
const TEAM: (i8, &str) = (10, "The contact leads a team");
const NOT: (i8, &str) = (-25, "The contact does not decide");

/// Titles, the highest first, and what they mean.
const TITLES: [(Class, (i8, &str)); 4] =
    [(Class::Executive, DECIDES), (Class::Head, DEPARTMENT), (Class::Junior, NOT), (Class::Manager, TEAM)];
/// Classes of persons who may not be the contact.
const OTHERS: &[Class] = &[Class::Executive, Class::Head, Class::Manager];
/// The most words between a subject and its verb.
const REACH: usize = 6;

/// The most words of a clause that only denies a decision: `non decide`.
const BARE: usize = 3;

/// The claim of a clause about the contact's authority. `previous` is the clause before it in the same sentence.
pub(super) fn verdict(clause: &Clause<'_>, previous: Option<&Clause<'_>>) -> Verdict {
    if clause.has_any(&[Class::Past, Class::Away]) {
        return None;
    }
    let titles = || clause.has_any(OTHERS);
    if cannot_go_without(clause, previous) {
        return Some(NOT);
    }
    if let Some(powerless) = clause.find(Class::Powerless) {
        // `Without her boss she can't sign`.
        let depends = titles() || clause.has(Class::Superior);
        if depends && clause.all(Class::Not).count() > 1 {
            return Some(NOT);
        }
        // `The CTO has no say` tells of the contact only where the title is theirs.
        let contacts = !titles() || clause.has(Class::Contact) || clause.has(Class::Superior);
        return (contacts && !clause.is_denied(powerless)).then_some(NOT);
    }
    if clause.has(Class::Convince) {
        let contacts = clause.has(Class::Superior) || (titles() && clause.has(Class::Contact));
        return contacts.then_some(NOT);
    }
    if let Some(depends) = clause.find(Class::Depends) {
        // `It depends on the board`; what depends on her boss is not hers.
        let others = clause.has(Class::Superior) || titles();
        return (others && clause.negation(depends) == Negation::Affirmed).then_some(NOT);
    }
    consent(clause).unwrap_or_else(|| decision(clause, previous)).or_else(|| {
        TITLES.into_iter().find_map(|(class, claim)| {
            let title = clause.all(class).find(|title| is_contacts(clause, title, previous))?;
            (clause.negation(title) == Negation::Affirmed).then_some(claim)
        })
    })
}

/// `Without the consent of the board nothing moves`, with or without a comma.
fn cannot_go_without(clause: &Clause<'_>, previous: Option<&Clause<'_>>) -> bool {
    let names_who = |clause: &Clause<'_>| {
        clause.has(Class::Without)
            && (clause.has_any(&[Class::Approval, Class::Superior]) || clause.has_any(OTHERS))
            && !clause.has(Class::Money)
    };
    let denials = clause.all(Class::Not).count();
    (names_who(clause) && denials > 1)
        || (denials > 0 && !clause.has(Class::Without) && previous.is_some_and(names_who))
}

/// Whether another person must consent: `needs the approval of the board`. `None` if the clause is not about consent.
fn consent(clause: &Clause<'_>) -> Option<Verdict> {
    let person = clause.has(Class::Superior) || clause.has_any(OTHERS);
    let needs = clause.has_any(&[Class::Must, Class::Seek]);
    if let Some(approval) = clause.find(Class::Approval) {
        if !needs && clause.negation(approval) == Negation::Affirmed {
            return None;
        }
        return Some(match clause.negation(approval) {
            Negation::Affirmed if person || !clause.has(Class::Money) => Some(NOT),
            // `Without the board's consent` does not say yet what happens then.
            Negation::Negated if !clause.has(Class::Money) && !is_bare_without(clause) => Some(DECIDES),
            _ => None,
        });
    }
    let ask = clause.find(Class::Ask).filter(|_| person && needs)?;
    Some(match clause.negation(ask) {
        Negation::Affirmed => Some(NOT),
        Negation::Negated => Some(DECIDES),
        Negation::Unclear => None,
    })
}

/// Whether the clause consists of what somebody lacks, and the next says what follows from it.
fn is_bare_without(clause: &Clause<'_>) -> bool {
    let begins = clause.all(Class::Without).any(|without| without.first == clause.first);
    begins && !clause.has_any(&[Class::Decides, Class::Contact, Class::Power, Class::Alone, Class::Must])
}

/// The claim of the clause about the person who decides.
fn decision(clause: &Clause<'_>, previous: Option<&Clause<'_>>) -> Verdict {
    let by_class = |class| clause.find(class);
    let tag =
        by_class(Class::Power).or_else(|| by_class(Class::Decider)).or_else(|| by_class(Class::Decides))?;
    let negation = clause.negation(tag);
    let titled = OTHERS.iter().any(|class| clause.has(*class));
    // `Without her boss she can't sign`.
    if (titled || clause.has(Class::Superior)) && clause.all(Class::Not).count() > 1 {
        return Some(NOT);
    }
    if clause.has(Class::Superior) {
        return (negation == Negation::Affirmed && !clause.has(Class::Meet)).then_some(NOT);
    }
    if negation == Negation::Affirmed && is_somebody_else(clause, tag) {
        return Some(NOT);
    }
    let title_is_contacts = || {
        let mut titles = clause.tags.iter().filter(|title| OTHERS.contains(&title.class));
        titles.any(|title| is_contacts(clause, title, previous))
    };
    if titled && !title_is_contacts() {
        // `She recommends, the CTO decides`.
        let beside = |before: &Clause<'_>| before.has_any(&[Class::Contact, Class::Junior, Class::Powerless]);
        return (negation == Negation::Affirmed && previous.is_some_and(beside)).then_some(NOT);
    }
    // `C'est elle qui décide` has its subject in the phrase.
    let whole = tag.after - tag.first >= 3 && begins(clause, tag);
    let subject = has_subject(clause, tag) || titled || whole || goes_on(clause, tag, previous);
    let said = match tag.class {
        Class::Power => subject || is_fragment(clause, tag) || begins(clause, tag),
        Class::Decider => !clause.has(Class::Seek) && (subject || is_contacts(clause, tag, previous)),
        _ => subject,
    };
    match negation {
        Negation::Affirmed if said => Some(DECIDES),
        // `Nothing will be decided before May` is about the time.
        Negation::Negated
            if said
                || tag.class != Class::Decides
                || (!is_timed(clause) && (tag.after - tag.first >= 3 || clause.words() <= BARE)) =>
        {
            Some(NOT)
        }
        _ => None,
    }
}

/// Whether a title follows what it decides as its subject: `decision maker: CFO`, `das entscheidet der Vorstand`.
fn is_somebody_else(clause: &Clause<'_>, tag: &Tag) -> bool {
    if clause.has(Class::Contact) {
        return false;
    }
    let mut at = tag.after;
    let mut linked = false;
    while at < clause.after {
        if clause.tags.iter().any(|title| OTHERS.contains(&title.class) && title.first == at) {
            return linked || tag.class == Class::Decides;
        }
        let verb = clause.all(Class::Be).find(|verb| verb.first == at);
        let sign = clause.sentence.get(at).is_some_and(|token| !token.is_text());
        if verb.is_some() || sign {
            // `Signs as director` is about the contact.
            linked = tag.class != Class::Decides;
            if !linked {
                return false;
            }
        } else if !is_filler(clause, at) {
            return false;
        }
        at = verb.map_or(at + 1, |verb| verb.after);
    }
    false
}

/// Whether the contact is the subject of a verb: a pronoun or a name before it, or a pronoun directly after it.
fn has_subject(clause: &Clause<'_>, verb: &Tag) -> bool {
    let timed = is_timed(clause);
    clause.shortly_before(&[Class::Contact], verb.first, REACH)
        || clause.shortly_after(&[Class::Contact], verb.after, 2)
        || (clause.has(Class::Alone) && verb.class != Class::Decider)
        || (!timed && verb.class != Class::Decider && name_before(clause, verb.first))
}

/// Whether the clause names a time.
fn is_timed(clause: &Clause<'_>) -> bool {
    clause.has_any(&[Class::Soon, Class::Quarter, Class::Far])
}

/// Whether the subject stands in the clause before: `She runs the team and signs everything`.
fn goes_on(clause: &Clause<'_>, verb: &Tag, previous: Option<&Clause<'_>>) -> bool {
    const OTHER: &[Class] = &[Class::Superior, Class::Away, Class::Elsewhere, Class::Past, Class::Unsure];
    let is_contact =
        |before: &Clause<'_>| before.has(Class::Contact) && !before.has_any(OTHER) && !before.has_any(OTHERS);
    verb.first == clause.first && previous.is_some_and(is_contact)
}
