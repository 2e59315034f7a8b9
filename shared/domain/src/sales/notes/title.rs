//! Whose title is it? A title, such as director, counts for the contact's authority only if the clause gives it to the
//! contact and not to somebody whom the contact knows, asks or works for.

use super::class::Class;
use super::clause::Clause;
use super::lexicon::Tag;
use super::token::{Kind, Token};

/// Whether the clause begins with a phrase, which means that its subject is omitted.
pub(super) fn begins(clause: &Clause<'_>, tag: &Tag) -> bool {
    (clause.first..tag.first).all(|at| is_filler(clause, at))
}

/// Whether a title belongs to the contact.
pub(super) fn is_contacts(clause: &Clause<'_>, title: &Tag, previous: Option<&Clause<'_>>) -> bool {
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
        let is_colon =
            clause.sentence.get(before).is_some_and(|token| matches!(token.kind, Kind::Colon | Kind::Answer));
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
pub(super) fn is_fragment(clause: &Clause<'_>, tag: &Tag) -> bool {
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
pub(super) fn name_before(clause: &Clause<'_>, before: usize) -> bool {
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
pub(super) fn is_filler(clause: &Clause<'_>, at: usize) -> bool {
    let is_sign = clause.sentence.get(at).is_some_and(|token| !token.is_text());
    is_sign || clause.all(Class::Article).any(|tag| tag.first <= at && at < tag.after)
}
