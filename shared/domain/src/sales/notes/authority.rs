//! Authority: does the contact decide? A title or a decision counts if the clause assigns it to the contact. A
//! statement about another person, such as the chief executive whose assistant we talk to, does not count.

use super::Verdict;
use super::class::Class;
use super::clause::{Clause, Negation};
use super::lexicon::Tag;
use super::token::{Kind, Token};

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
    let title_is_contacts = || {
        let mut titles = clause.tags.iter().filter(|title| OTHERS.contains(&title.class));
        titles.any(|title| is_contacts(clause, title, previous))
    };
    if titled && !title_is_contacts() {
        return None;
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
            if said || tag.class != Class::Decides || (tag.after - tag.first >= 3 && !is_timed(clause)) =>
        {
            Some(NOT)
        }
        _ => None,
    }
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

/// Whether the clause begins with a phrase, which means that its subject is omitted.
fn begins(clause: &Clause<'_>, tag: &Tag) -> bool {
    (clause.first..tag.first).all(|at| is_filler(clause, at))
}

/// Whether a title belongs to the contact.
fn is_contacts(clause: &Clause<'_>, title: &Tag, previous: Option<&Clause<'_>>) -> bool {
    let possessive = clause.sentence.get(title.after).is_some_and(|token| token.folded == "s");
    // `Intern, asks for his manager`.
    let begins_as_junior = title.class == Class::Junior && begins(clause, title);
    if possessive || (clause.has(Class::Superior) && !begins_as_junior) {
        return false;
    }
    if begins_as_junior {
        return true;
    }
    is_predicate(clause, title)
        || is_apposition(clause, title, previous)
        || was_met(clause, title)
        || (clause.shortly_after(&[Class::Say], title.after, 2)
            && !clause.shortly_before(&[Class::Of, Class::Future, Class::Say], title.first, 2))
}

/// `She is the owner`, `contact: CTO`, `as CEO she`.
fn is_predicate(clause: &Clause<'_>, title: &Tag) -> bool {
    let mut at = title.first;
    let mut unknown = 0;
    // Search backwards for the verb, over articles and at most one other word.
    while let Some(before) = at.checked_sub(1).filter(|before| *before >= clause.first) {
        let is_colon = clause.sentence.get(before).is_some_and(|token| token.kind == Kind::Colon);
        let verb = clause.all(Class::Be).find(|verb| verb.after == at);
        if is_colon || verb.is_some() {
            let start = verb.map_or(before, |verb| verb.first);
            return start == clause.first
                || clause.before(Class::Contact, start)
                || name_before(clause, start)
                || clause.shortly_after(&[Class::Contact], title.after, 2);
        }
        if unknown == 0 && clause.all(Class::Contact).any(|contact| contact.after == at) {
            // `ist sie Geschäftsführerin`, and in headlines `contact CEO`; but not `she knows the CEO`.
            return true;
        }
        if !is_filler(clause, before) {
            unknown += 1;
            let of = clause.all(Class::Of).any(|of| of.after == at);
            if unknown > 1 || of {
                return false;
            }
        }
        at = before;
    }
    false
}

/// `Anna Schmidt, CEO of Contoso`, or only the title.
fn is_apposition(clause: &Clause<'_>, title: &Tag, previous: Option<&Clause<'_>>) -> bool {
    const OTHER: &[Class] = &[
        Class::Superior,
        Class::Away,
        Class::Elsewhere,
        Class::Past,
        Class::Unsure,
        Class::Future,
        Class::Approval,
        Class::Must,
        Class::Ask,
        Class::Not,
        Class::Seek,
    ];
    let named = || (clause.first..title.first).all(|at| is_filler(clause, at) || is_name(clause, at));
    named() && previous.is_none_or(|before| !before.has_any(OTHER)) && is_fragment(clause, title)
}

/// Whether only the name of a company or a department follows a phrase.
fn is_fragment(clause: &Clause<'_>, tag: &Tag) -> bool {
    if clause.all(Class::Of).any(|of| of.first == tag.after) {
        return !clause.has_any(&[Class::Be, Class::Say, Class::Not, Class::Must, Class::Seek]);
    }
    let department = matches!(tag.class, Class::Head | Class::Manager | Class::Junior);
    let rest = tag.after..clause.after;
    // `VP Sales at Contoso`.
    let links = |at: usize| clause.all(Class::Of).any(|of| of.first == at);
    rest.len() <= 3
        && rest.into_iter().all(|at| {
            is_name(clause, at)
                || (links(at) && is_name(clause, at + 1))
                || (department && is_department(clause, at))
        })
}

/// A word that says nothing else; a purchase with a capital is a department: `Leiterin Einkauf`.
fn is_department(clause: &Clause<'_>, at: usize) -> bool {
    let capital = clause.sentence.get(at).is_some_and(is_capital);
    let mut others = clause.tags.iter().filter(|other| other.first <= at && at < other.after);
    others.all(|other| capital && other.class == Class::Buy)
}

/// `We met the CEO`.
fn was_met(clause: &Clause<'_>, title: &Tag) -> bool {
    let Some(meet) = clause.all(Class::Meet).filter(|meet| meet.after <= title.first).last() else {
        return false;
    };
    let not_yet = clause.has_any(&[Class::Future, Class::Must, Class::Seek]);
    let between = |tag: &&Tag| tag.first >= meet.after && tag.after <= title.first;
    let through = clause.tags.iter().filter(between).any(|tag| match tag.class {
        // The Portuguese `a` is an article too.
        Class::Of => !clause.all(Class::Article).any(|article| article.first == tag.first),
        class => matches!(class, Class::Manager | Class::Head),
    });
    title.first - meet.after <= 4 && !not_yet && (!through || meet.after == title.first)
}

/// Whether there is a name at most one word before a token.
fn name_before(clause: &Clause<'_>, before: usize) -> bool {
    (1..=2).any(|back| {
        before.checked_sub(back).filter(|at| *at >= clause.first).is_some_and(|at| is_name(clause, at))
    })
}

/// Whether a word begins with a capital letter, is in no lexicon, and has no article before it.
fn is_name(clause: &Clause<'_>, at: usize) -> bool {
    let Some(token) = clause.sentence.get(at) else { return false };
    let tagged = clause.tags.iter().any(|tag| tag.first <= at && at < tag.after);
    let article = clause.all(Class::Article).any(|article| article.after == at);
    is_capital(token) && !tagged && !article && !clause.lexicon.is_common(token)
}

fn is_capital(token: &Token) -> bool {
    token.capital && token.kind == Kind::Word
}

/// Articles and punctuation, which have no meaning between a verb and a title.
fn is_filler(clause: &Clause<'_>, at: usize) -> bool {
    let is_sign = clause.sentence.get(at).is_some_and(|token| !token.is_text());
    is_sign || clause.all(Class::Article).any(|tag| tag.first <= at && at < tag.after)
}
