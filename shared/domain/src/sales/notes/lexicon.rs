//! The words of a language by what they do in a sentence, read from `lexicon/*.tsv`: a row is a class, a tab, and its
//! phrases parted by `|`. A phrase is words parted by blanks, and a word may be
//!
//! - `approv*` a beginning, `*budget` an end, `*leiter*` nothing more than these two: there is no search inside a word
//! - `a/b` one of several words, `a/b?` the same or nothing
//! - `#` a number, `@` a day of a month, `_` any one word, `..` up to three words
//! - `^a` only as the first word of a clause, `=è` with its accents
//! - `a$` only before the end of a clause; the sign stands at the end of the phrase.

use super::class::Class;
use super::token::{Kind, Token, folded, folded_entry};
use super::word_hash::{WordMap, WordSet};
use std::borrow::Cow;
use std::collections::HashMap;

/// The shortest and the longest beginning or end of a word in a lexicon, in bytes.
pub(super) const AFFIX: std::ops::RangeInclusive<usize> = 3..=16;
/// The most words for `..`.
const GAP: usize = 3;

/// The condition of a word of a phrase.
#[derive(Debug)]
enum Wanted {
    Word(Cow<'static, str>),
    Accented(String),
    Beginning(Cow<'static, str>),
    End(Cow<'static, str>),
    Number,
    DayOfMonth,
    Any,
}

/// A word of a phrase, or a gap.
#[derive(Debug)]
enum Part {
    /// One of these words, or nothing if the flag is set.
    OneOf(Vec<Wanted>, bool),
    Gap,
}

#[derive(Debug)]
struct Phrase {
    class: Class,
    /// Whether it must begin its clause.
    first: bool,
    /// Whether it must end its clause.
    last: bool,
    parts: Vec<Part>,
}

impl Phrase {
    fn has_gap(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Gap))
    }
}

/// A found phrase: the tokens from `first` to before `after`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub(super) class: Class,
    pub(super) first: usize,
    pub(super) after: usize,
}

/// The phrases of one language, by their beginnings.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: Vec<Phrase>,
    by_word: WordMap<Vec<usize>>,
    /// The words of `by_word` by their first and last byte, for the search of misspelt words.
    by_ends: HashMap<FirstAndLast, Vec<Cow<'static, str>>>,
    by_beginning: WordMap<Vec<usize>>,
    by_end: WordMap<Vec<usize>>,
    by_number: Vec<usize>,
    /// Numbers that are written in words.
    numbers: WordMap<u64>,
    /// Words that identify the language although they have no class.
    common: WordSet,
}

/// The first and the last byte of a word.
type FirstAndLast = (Option<u8>, Option<u8>);

fn first_and_last(word: &str) -> FirstAndLast {
    (word.bytes().next(), word.bytes().next_back())
}

impl Lexicon {
    /// Reads a lexicon. Rows that it does not understand are left out; a test looks for such rows.
    pub(super) fn read(text: &'static str) -> Self {
        let mut lexicon = Self::default();
        for row in text.lines().filter(|row| !row.starts_with('#')) {
            let Some((class, phrases)) = row.split_once('\t') else { continue };
            match class {
                "common" => lexicon.common.extend(phrases.split_whitespace().map(folded_entry)),
                "number" => lexicon.numbers.extend(phrases.split('|').filter_map(|pair| {
                    let (word, value) = pair.split_once('=')?;
                    Some((folded_entry(word.trim()), value.trim().parse().ok()?))
                })),
                class => {
                    let Some(class) = Class::by_name(class) else { continue };
                    phrases.split('|').for_each(|phrase| lexicon.add(class, phrase.trim()));
                }
            }
        }
        lexicon
    }

    fn add(&mut self, class: Class, text: &'static str) {
        let (first, text) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (last, text) = match text.strip_suffix('$') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let parts: Vec<Part> = text.split_whitespace().map(part).collect();
        // It may begin with any of its words up to the first that must be there.
        let optional = parts.iter().take_while(|part| matches!(part, Part::OneOf(_, true))).count();
        if !matches!(parts.get(optional), Some(Part::OneOf(_, false))) {
            return;
        }
        let begins = parts.iter().take(optional + 1).flat_map(|part| match part {
            Part::OneOf(begins, _) => begins.as_slice(),
            Part::Gap => &[],
        });
        let at = self.phrases.len();
        for wanted in begins {
            match wanted {
                Wanted::Word(word) => self.begins_with(word.clone(), at),
                Wanted::Accented(word) => self.begins_with(Cow::Owned(folded(word)), at),
                Wanted::Beginning(word) => self.by_beginning.entry(word.clone()).or_default().push(at),
                Wanted::End(word) => self.by_end.entry(word.clone()).or_default().push(at),
                Wanted::Number | Wanted::DayOfMonth => self.by_number.push(at),
                Wanted::Any => {}
            }
        }
        self.phrases.push(Phrase { class, first, last, parts });
    }

    fn begins_with(&mut self, word: Cow<'static, str>, at: usize) {
        if !self.by_word.contains_key(&word) {
            self.by_ends.entry(first_and_last(&word)).or_default().push(word.clone());
        }
        self.by_word.entry(word).or_default().push(at);
    }

    /// Whether a word is one of the common words of the language.
    pub(super) fn is_common(&self, token: &Token) -> bool {
        self.common.contains(token.folded.as_str())
    }

    /// The words with which phrases begin and that have the first and the last byte of `text`, without abbreviated ones.
    pub(super) fn beginnings_like(&self, text: &str) -> impl Iterator<Item = &str> {
        self.by_ends.get(&first_and_last(text)).into_iter().flatten().map(AsRef::as_ref)
    }

    /// The value of a number, in digits or in words.
    pub(super) fn number(&self, token: &Token) -> Option<u64> {
        token.number().or_else(|| self.numbers.get(token.folded.as_str()).copied())
    }

    /// Finds the phrases of a sentence: the longest one at each word. The search continues after it, or in its gap. One
    /// phrase may have several classes.
    pub(super) fn tags(&self, tokens: &[Token]) -> Vec<Tag> {
        let mut tags = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            // The longest phrase without a gap and the longest with one: the words in a gap are also read on their own.
            let mut longest = [0; 2];
            let mut found: [Vec<Tag>; 2] = Default::default();
            let begins = tags.last().is_none_or(|tag: &Tag| tag.class == Class::Split && tag.after == at)
                && at == 0
                || at
                    .checked_sub(1)
                    .and_then(|before| tokens.get(before))
                    .is_some_and(|token| !token.is_text())
                || tags
                    .last()
                    .is_some_and(|tag| matches!(tag.class, Class::Split | Class::And) && tag.after == at);
            self.each_candidate(tokens, at, |phrase| {
                if phrase.first && !begins {
                    return;
                }
                let Some(after) = ends(&phrase.parts, tokens, at, self) else { return };
                if phrase.last && tokens.get(after).is_some_and(Token::is_text) {
                    return;
                }
                let length = after - at;
                let ([whole_length, gap_length], [whole, gap]) = (&mut longest, &mut found);
                let (longest, tags) =
                    if phrase.has_gap() { (gap_length, gap) } else { (whole_length, whole) };
                if length > *longest {
                    *longest = length;
                    tags.clear();
                }
                if length == *longest && length > 0 && !tags.iter().any(|tag| tag.class == phrase.class) {
                    tags.push(Tag { class: phrase.class, first: at, after });
                }
            });
            let [whole, _] = longest;
            tags.extend(found.into_iter().flatten());
            at += whole.max(1);
        }
        tags
    }

    fn each_candidate(&self, tokens: &[Token], at: usize, mut visit: impl FnMut(&Phrase)) {
        let Some(token) = tokens.get(at).filter(|token| token.is_text()) else { return };
        let mut all = |found: Option<&Vec<usize>>| {
            for phrase in found.into_iter().flatten().filter_map(|index| self.phrases.get(*index)) {
                visit(phrase);
            }
        };
        let word = token.folded.as_str();
        all(self.by_word.get(word));
        if self.number(token).is_some() {
            all(Some(&self.by_number));
        }
        for length in AFFIX.filter(|length| *length <= word.len()) {
            all(word.get(..length).and_then(|beginning| self.by_beginning.get(beginning)));
            all(word.get(word.len() - length..).and_then(|end| self.by_end.get(end)));
        }
    }
}

fn part(text: &'static str) -> Part {
    if text == ".." {
        return Part::Gap;
    }
    let (text, optional) = match text.strip_suffix('?') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let wanted = text.split('/').map(|word| {
        if word == "#" {
            Wanted::Number
        } else if word == "@" {
            Wanted::DayOfMonth
        } else if word == "_" {
            Wanted::Any
        } else if let Some(word) = word.strip_prefix('=') {
            Wanted::Accented(word.to_lowercase())
        } else if let Some(beginning) = word.strip_suffix('*') {
            Wanted::Beginning(folded_entry(beginning))
        } else if let Some(end) = word.strip_prefix('*') {
            Wanted::End(folded_entry(end))
        } else {
            Wanted::Word(folded_entry(word))
        }
    });
    Part::OneOf(wanted.collect(), optional)
}

/// The end of the longest match of a phrase that begins at a token. Phrases are short and gaps are bounded, so the work
/// is bounded too.
fn ends(parts: &[Part], tokens: &[Token], at: usize, lexicon: &Lexicon) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(at) };
    match part {
        Part::Gap => (0..=GAP)
            .take_while(|skipped| *skipped == 0 || tokens.get(at + skipped - 1).is_some_and(Token::is_text))
            .filter_map(|skipped| ends(rest, tokens, at + skipped, lexicon))
            .max(),
        Part::OneOf(wanted, optional) => {
            let here = tokens
                .get(at)
                .filter(|token| wanted.iter().any(|wanted| fits(wanted, token, lexicon)))
                .and_then(|_| ends(rest, tokens, at + 1, lexicon));
            if here.is_none() && *optional { ends(rest, tokens, at, lexicon) } else { here }
        }
    }
}

fn fits(wanted: &Wanted, token: &Token, lexicon: &Lexicon) -> bool {
    if !matches!(token.kind, Kind::Word | Kind::Number) {
        return false;
    }
    match wanted {
        Wanted::Word(word) => token.folded == *word,
        Wanted::Accented(word) => token.accented.as_deref().unwrap_or(&token.folded) == word,
        Wanted::Beginning(beginning) => token.folded.starts_with(beginning.as_ref()),
        Wanted::End(end) => token.folded.ends_with(end.as_ref()),
        Wanted::Number => lexicon.number(token).is_some(),
        Wanted::DayOfMonth => token.is_day_of_month(),
        Wanted::Any => true,
    }
}
