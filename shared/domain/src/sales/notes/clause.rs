//! Clauses of a sentence, and the negations in them.

use super::class::Class;
use super::lexicon::{Lexicon, Tag};
use super::token::{Kind, Token};

/// The most tokens of a clause. Longer clauses are split, so that the work grows only linearly with the text.
const LONGEST: usize = 40;
/// The most tokens between a negation and the negated word.
const REACH: usize = 5;

/// A clause: a part of a sentence with one statement.
pub(super) struct Clause<'a> {
    /// All tokens of the sentence.
    pub(super) sentence: &'a [Token],
    /// The first token of the clause in the sentence, and the end.
    pub(super) first: usize,
    pub(super) after: usize,
    /// The phrases of the clause.
    pub(super) tags: &'a [Tag],
    /// Whether two negations count as one in its language.
    pub(super) concord: bool,
    pub(super) lexicon: &'a Lexicon,
}

/// The effect of the negations of a clause on a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negation {
    /// No negation of the clause affects the word.
    Affirmed,
    /// A negation is near the word.
    Negated,
    /// The negations are too far away or too many to be certain.
    Unclear,
}

impl Clause<'_> {
    /// The phrases of a class.
    pub(super) fn all(&self, class: Class) -> impl Iterator<Item = &Tag> {
        self.tags.iter().filter(move |tag| tag.class == class)
    }

    /// The first phrase of a class.
    pub(super) fn find(&self, class: Class) -> Option<&Tag> {
        self.all(class).next()
    }

    /// Whether it has a phrase of a class.
    pub(super) fn has(&self, class: Class) -> bool {
        self.find(class).is_some()
    }

    /// Whether it has a phrase of one of some classes.
    pub(super) fn has_any(&self, classes: &[Class]) -> bool {
        self.tags.iter().any(|tag| classes.contains(&tag.class))
    }

    /// The tokens of the clause.
    pub(super) fn tokens(&self) -> &[Token] {
        self.sentence.get(self.first..self.after).unwrap_or_default()
    }

    /// How many words it has.
    pub(super) fn words(&self) -> usize {
        self.tokens().iter().filter(|token| token.is_text()).count()
    }

    /// Whether the clause has a phrase of the class before a token.
    pub(super) fn before(&self, class: Class, token: usize) -> bool {
        self.all(class).any(|tag| tag.after <= token)
    }

    /// Whether a phrase of some class ends at most `words` tokens before a token.
    pub(super) fn shortly_before(&self, classes: &[Class], token: usize, words: usize) -> bool {
        let near = |tag: &&Tag| tag.after <= token && token - tag.after <= words;
        self.tags.iter().filter(near).any(|tag| classes.contains(&tag.class))
    }

    /// Whether a phrase of some class begins at most `words` tokens after a token.
    pub(super) fn shortly_after(&self, classes: &[Class], token: usize, words: usize) -> bool {
        let near = |tag: &&Tag| tag.first >= token && tag.first - token <= words;
        self.tags.iter().filter(near).any(|tag| classes.contains(&tag.class))
    }

    /// Whether a negation is directly before an idiom that contains a negation or is one by its meaning. A negation
    /// after it, as in `no necesitan nada`, belongs to the idiom.
    pub(super) fn is_denied(&self, idiom: &Tag) -> bool {
        self.shortly_before(&[Class::Not], idiom.first, 3)
    }

    /// The effect of the negations of the clause on a phrase.
    pub(super) fn negation(&self, of: &Tag) -> Negation {
        if self.before(Class::Neither, of.first) {
            return Negation::Negated;
        }
        let (mut near, mut far) = (0, 0);
        let (mut before, mut adjacent) = (0, false);
        let mut last_after = None;
        // `Denied` is a negation of other words, and not of itself.
        let of_others = |not: &&Tag| (not.first, not.after) != (of.first, of.after);
        for not in self.all(Class::Not).filter(of_others) {
            // `None` if the negation is in the gap of the phrase.
            let distance =
                if not.after <= of.first { of.first - not.after } else { not.first.saturating_sub(of.after) };
            // `no, not at all`: adjacent negations count as one.
            let joined = last_after == Some(not.first);
            last_after = Some(not.after);
            if joined && near + far > 0 {
                continue;
            }
            if not.after <= of.first {
                before += 1;
                adjacent |= distance == 0;
            }
            if distance <= REACH {
                near += 1;
            } else {
                far += 1;
            }
        }
        match (near, far) {
            (0, 0) => Negation::Affirmed,
            (0, _) => Negation::Unclear,
            (1, 0) => Negation::Negated,
            _ if self.concord => Negation::Negated,
            // `Ohne Budget geht es nicht weiter`: the first belongs to the word, the others to the verb.
            _ if before == 1 && adjacent => Negation::Negated,
            _ => Negation::Unclear,
        }
    }

    /// The amount of money in the clause; `Some(0)` if it is zero.
    pub(super) fn amount(&self) -> Option<u64> {
        let tokens = self.tokens();
        let mut found = None;
        for (at, token) in tokens.iter().enumerate() {
            let Some(value) = self.lexicon.number(token) else { continue };
            let neighbour = |at: Option<usize>| at.and_then(|at| tokens.get(at));
            let is_currency = |token: Option<&Token>| token.is_some_and(|token| token.kind == Kind::Currency);
            let place = self.first + at;
            let unit = is_currency(neighbour(at.checked_sub(1)))
                || is_currency(neighbour(Some(at + 1)))
                || self.shortly_before(&[Class::Currency], place, 0)
                || self.shortly_after(&[Class::Currency, Class::Thousand], place + 1, 0)
                || matches!(
                    token.suffix(),
                    "k" | "m" | "mio" | "mn" | "tsd" | "eur" | "usd" | "mil" | "keur"
                );
            let plain = token.suffix().is_empty()
                && token.kind == Kind::Number
                && (value >= 3_000 || (100..1_900).contains(&value))
                && self.shortly_before(&[Class::Money, Class::Be, Class::Spend], place, 3);
            let zero = value == 0
                && token.kind == Kind::Number
                && (self.shortly_before(&[Class::Money], place, 2)
                    || self.shortly_after(&[Class::Money], place + 1, 1));
            if unit || plain || zero {
                let larger = found.is_none_or(|known| value > known);
                if larger {
                    found = Some(value);
                }
            }
        }
        found
    }
}

/// Classes that a clause can be about. A conjunction separates two clauses if each has one of them.
const TOPICS: &[Class] = &[
    Class::Money,
    Class::Broke,
    Class::Decides,
    Class::Power,
    Class::Decider,
    Class::Executive,
    Class::Head,
    Class::Junior,
    Class::Seek,
    Class::Interest,
    Class::Problem,
    Class::Satisfied,
    Class::Needless,
    Class::Soon,
    Class::Quarter,
    Class::Later,
    Class::Far,
    Class::Contact,
];

/// The clauses of a sentence as ranges of its tokens.
pub(super) fn clauses(tokens: &[Token], tags: &[Tag]) -> Vec<(usize, usize)> {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let mut tag = 0;
    let mut topic_since_cut = false;
    for (at, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Comma {
            cuts.push((at, at + 1));
            topic_since_cut = false;
        }
        while let Some(found) = tags.get(tag).filter(|found| found.first <= at) {
            if found.class == Class::Split
                || (found.class == Class::And && topic_since_cut && topic_follows(tokens, tags, tag))
            {
                cuts.push((found.first, found.after));
                topic_since_cut = false;
            }
            topic_since_cut |= TOPICS.contains(&found.class);
            tag += 1;
        }
    }
    let mut ranges = Vec::new();
    let mut from = 0;
    for (first, after) in cuts.into_iter().chain([(tokens.len(), tokens.len())]) {
        let mut begin = from;
        while begin < first {
            let end = first.min(begin + LONGEST);
            ranges.push((begin, end));
            begin = end;
        }
        from = after;
    }
    ranges
}

/// Whether a topic follows a conjunction before the next comma or conjunction.
fn topic_follows(tokens: &[Token], tags: &[Tag], conjunction: usize) -> bool {
    let Some(start) = tags.get(conjunction).map(|tag| tag.after) else { return false };
    let rest = tokens.get(start..).unwrap_or_default();
    let end = rest.iter().take(LONGEST).position(|token| token.kind == Kind::Comma);
    let end = end.map_or(start + LONGEST, |at| start + at);
    tags.iter()
        .skip(conjunction + 1)
        .take_while(|tag| tag.first < end && !matches!(tag.class, Class::And | Class::Split))
        .any(|tag| TOPICS.contains(&tag.class))
}
