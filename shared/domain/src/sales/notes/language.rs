//! The language of a sentence, by its common words. Seven languages have a lexicon. The common words of other languages
//! are known only so that a sentence in one of them is ignored and not misread because of shared words.

use super::lexicon::Lexicon;
use super::marker::{Marker, markers};
use super::token::{Token, folded_entry};
use super::word_hash::WordMap;
use std::sync::OnceLock;

/// A language that the rules read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
    French,
    Spanish,
    Italian,
    Dutch,
    Portuguese,
}

impl Language {
    /// Every language, with its lexicon.
    const ALL: [(Self, &'static str); 7] = [
        (Self::English, include_str!("lexicon/en.tsv")),
        (Self::German, include_str!("lexicon/de.tsv")),
        (Self::French, include_str!("lexicon/fr.tsv")),
        (Self::Spanish, include_str!("lexicon/es.tsv")),
        (Self::Italian, include_str!("lexicon/it.tsv")),
        (Self::Dutch, include_str!("lexicon/nl.tsv")),
        (Self::Portuguese, include_str!("lexicon/pt.tsv")),
    ];

    /// Whether two negations in one clause count as one, as in `no tienen ningún presupuesto`.
    pub(super) fn has_negative_concord(self) -> bool {
        matches!(self, Self::French | Self::Spanish | Self::Italian | Self::Portuguese)
    }
}

/// Common words of languages without a lexicon, one row for each language.
const FOREIGN: &str = include_str!("lexicon/foreign.tsv");
/// The most languages in a set of languages.
const MOST: usize = 32;
/// About how many words the lexicons have, so that their table grows once.
const MOST_WORDS: usize = 14_000;
/// The weight of a word that only one language has. The weight of a word of several languages is divided among them.
const WEIGHT: u32 = 12;
/// A sentence with this many words or more is ignored unless at least one word in four is known.
const LONG_SENTENCE: usize = 4;

/// The lexicons, and the languages of each word.
#[derive(Default)]
pub(super) struct Languages {
    /// In the order of `Language::ALL`. A lexicon is built for the first sentence in its language.
    lexicons: [OnceLock<Lexicon>; Language::ALL.len()],
    words: WordMap<u32>,
    beginnings: WordMap<u32>,
    ends: WordMap<u32>,
}

/// The position of all unlisted languages. A word with a letter that none of the seven languages has votes for it.
const UNLISTED: usize = MOST - 1;

/// The weight of the votes for each language.
pub(super) type Votes = [u32; MOST];

impl Languages {
    /// Built once in a process.
    pub(super) fn get() -> &'static Self {
        static LANGUAGES: OnceLock<Languages> = OnceLock::new();
        LANGUAGES.get_or_init(Self::build)
    }

    fn build() -> Self {
        let mut languages = Self::default();
        languages.words.reserve(MOST_WORDS);
        for (at, (_, text)) in Language::ALL.into_iter().enumerate() {
            markers(text, |marker| {
                let (set, word) = match marker {
                    Marker::Word(word) => (&mut languages.words, word),
                    Marker::Beginning(word) => (&mut languages.beginnings, word),
                    Marker::End(word) => (&mut languages.ends, word),
                };
                *set.entry(word).or_default() |= 1 << at;
            });
        }
        let known = Language::ALL.len();
        let rows = FOREIGN.lines().filter_map(|row| row.split_once('\t'));
        for (at, (_, words)) in rows.take(UNLISTED - known).enumerate() {
            for word in words.split_whitespace() {
                *languages.words.entry(folded_entry(word)).or_default() |= 1 << (known + at);
            }
        }
        languages
    }

    /// The languages that have a word, as a set of bits.
    fn of(&self, token: &Token) -> u32 {
        let word = token.folded.as_str();
        let mut found = self.words.get(word).copied().unwrap_or_default();
        // Beginnings and ends are tried only for words that no list has in full.
        if found == 0 {
            for length in super::lexicon::AFFIX.filter(|length| *length <= word.len()) {
                let beginning = word.get(..length).and_then(|part| self.beginnings.get(part));
                let end = word.get(word.len() - length..).and_then(|part| self.ends.get(part));
                found |= beginning.copied().unwrap_or_default() | end.copied().unwrap_or_default();
            }
        }
        found
    }

    /// Whether some language has a word.
    pub(super) fn knows(&self, token: &Token) -> bool {
        self.of(token) != 0
    }

    /// The votes of the words of a sentence for its language. `known` counts the words of each language.
    pub(super) fn votes(&self, tokens: &[Token]) -> (Votes, Votes) {
        let (mut votes, mut known) = ([0; MOST], [0; MOST]);
        for token in tokens.iter().filter(|token| token.is_text()) {
            let languages = if has_strange_letter(token) { 1 << UNLISTED } else { self.of(token) };
            // Languages without a lexicon count as one, because they are alike in that the sentence is ignored.
            let read = (1 << Language::ALL.len()) - 1;
            let others = u32::from(languages & !read != 0);
            let share = WEIGHT.checked_div((languages & read).count_ones() + others).unwrap_or_default();
            for (at, (vote, known)) in votes.iter_mut().zip(&mut known).enumerate() {
                if languages & (1 << at) != 0 {
                    *vote += share;
                    *known += 1;
                }
            }
        }
        (votes, known)
    }

    /// The lexicon for a sentence; `None` if the rules can't read its language. `whole` has the votes of all notes;
    /// they decide for short sentences, which may be in several languages.
    pub(super) fn lexicon(&self, tokens: &[Token], whole: &Votes) -> Option<(Language, &Lexicon)> {
        let (votes, known) = self.votes(tokens);
        let words = tokens.iter().filter(|token| token.is_text()).count();
        let best = (0..MOST).max_by_key(|at| {
            let own = votes.get(*at).copied().unwrap_or_default();
            let notes = whole.get(*at).copied().unwrap_or_default();
            // The first of equal languages: English before the others, and languages with a lexicon before those
            // without.
            (own, notes, MOST - at)
        })?;
        let known = known.get(best).copied().unwrap_or_default() as usize;
        if words >= LONG_SENTENCE && known * 4 < words {
            return None;
        }
        let (language, text) = Language::ALL.get(best)?;
        let lexicon = self.lexicons.get(best)?;
        Some((*language, lexicon.get_or_init(|| Lexicon::read(text))))
    }
}

/// Whether a word has a letter that none of the seven languages uses.
fn has_strange_letter(token: &Token) -> bool {
    token.folded.chars().any(|letter| letter.is_alphabetic() && !letter.is_ascii())
}
