//! The words of a lexicon that help to tell the language of a text.

use super::token::folded_entry;
use std::borrow::Cow;

/// A word that helps to tell the language of a text.
pub(super) enum Marker {
    Word(Cow<'static, str>),
    Beginning(Cow<'static, str>),
    End(Cow<'static, str>),
}

/// The words of a lexicon that tell its language, without building the lexicon: whole words anywhere in its phrases,
/// beginnings and ends where a phrase begins with them.
pub(super) fn markers(text: &'static str, mut mark: impl FnMut(Marker)) {
    for row in text.lines().filter(|row| !row.starts_with('#')) {
        let Some((class, phrases)) = row.split_once('\t') else { continue };
        match class {
            "common" => phrases.split_whitespace().for_each(|word| mark(Marker::Word(folded_entry(word)))),
            "number" => phrases
                .split('|')
                .filter_map(|pair| pair.split_once('='))
                .for_each(|(word, _)| mark(Marker::Word(folded_entry(word.trim())))),
            _ => phrases.split('|').for_each(|phrase| {
                for (place, part) in phrase.split_ascii_whitespace().enumerate() {
                    let part = part.trim_start_matches('^').trim_end_matches(['?', '$']);
                    part.split('/').filter_map(|word| marker(word, place == 0)).for_each(&mut mark);
                }
            }),
        }
    }
}

fn marker(word: &'static str, begins: bool) -> Option<Marker> {
    if let Some(beginning) = word.strip_suffix('*') {
        return begins.then(|| Marker::Beginning(folded_entry(beginning)));
    }
    if let Some(end) = word.strip_prefix('*') {
        return begins.then(|| Marker::End(folded_entry(end)));
    }
    let is_sign = matches!(word, "#" | "@" | "_" | ".." | "") || word.starts_with('=');
    (!is_sign).then(|| Marker::Word(folded_entry(word)))
}
