//! Misspelt words, such as `buget`. Only a word that no language has is corrected, by one letter, and never in its first
//! or last letter: an end with another letter, as in `decided` and `decides`, is another form of the word.

use super::language::Languages;
use super::lexicon::Lexicon;
use super::token::{Kind, Token};
use std::borrow::Cow;

/// The fewest letters of a misspelt word and of the word that was meant. Short words are too alike.
const SHORTEST: usize = 5;
/// The most letters of a misspelt word. It bounds the work for each comparison.
const LONGEST: usize = 24;

/// A sentence with its misspelt words replaced by the words of the lexicon that were meant.
pub(super) fn corrected<'a>(
    sentence: &'a [Token],
    languages: &Languages,
    lexicon: &Lexicon,
) -> Cow<'a, [Token]> {
    let mut corrected = Cow::Borrowed(sentence);
    for (at, token) in sentence.iter().enumerate() {
        let length = token.folded.len();
        // A capital in a sentence begins a name.
        let name = token.capital && at > 0;
        let candidate = token.kind == Kind::Word && !name && (SHORTEST..=LONGEST).contains(&length);
        if !candidate || languages.knows(token) {
            continue;
        }
        // The first in the alphabet, so that the result does not depend on the order of the map.
        let meant =
            lexicon.beginnings_like(&token.folded).filter(|word| is_misspelling(&token.folded, word)).min();
        if let (Some(meant), Some(token)) = (meant, corrected.to_mut().get_mut(at)) {
            meant.clone_into(&mut token.folded);
            token.accented = None;
        }
    }
    corrected
}

/// Whether a text is a word with one letter too many or too few, or with two letters exchanged. A replaced letter makes
/// another word more often than a misspelt one: `causa`, `cassa`.
fn is_misspelling(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    if word.len() < SHORTEST || text.len().abs_diff(word.len()) > 1 {
        return false;
    }
    if text.first() != word.first() || text.last() != word.last() {
        return false;
    }
    let same = |(one, other): &(&u8, &u8)| one == other;
    let begin = text.iter().zip(word).take_while(same).count();
    let shorter = text.len().min(word.len()) - begin.min(text.len().min(word.len()));
    let end = text.iter().rev().zip(word.iter().rev()).take(shorter).take_while(same).count();
    let middle = (text.get(begin..text.len() - end), word.get(begin..word.len() - end));
    let (Some(text), Some(word)) = middle else { return false };
    match (text, word) {
        ([_], []) | ([], [_]) => true,
        ([first, second], [other_first, other_second]) => first == other_second && second == other_first,
        _ => false,
    }
}
