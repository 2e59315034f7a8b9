//! Finds personal data in texts: e-mail addresses, phone numbers, card numbers (Luhn) and IBANs (ISO 7064, mod 97). It
//! finds values in a recognizable form; [`phone`] says which forms a phone number has. Found values contain neither
//! quotes nor backslashes, so they can stand in JSON texts as they are. Texts come from callers, so the work must never
//! grow faster than their length.

mod card;
mod email;
mod groups;
mod iban;
mod phone;

use groups::Groups;
use std::collections::HashSet;
use std::ops::Range;

/// The kind of a found value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Email,
    Phone,
    Card,
    Iban,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Email, Self::Phone, Self::Card, Self::Iban];

    /// The name in placeholders.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Iban => "iban",
        }
    }
}

/// Phone numbers that were found in one text of a prompt. A number that only the words before it tell is found in the
/// other texts, too, where these words are missing.
#[derive(Debug, Default)]
pub(super) struct KnownPhones(HashSet<String>);

impl KnownPhones {
    /// Adds the phone numbers of a text. A number with a `+` is found everywhere anyway.
    pub(super) fn learn(&mut self, text: &str) {
        let mut at = 0;
        while let Some(place) = next_number(text, at) {
            let hit = begins_word(text, place).then(|| number(text, place, &Self::default())).flatten();
            let end = place + width(text, place);
            at = hit.as_ref().map_or(end, |(range, _)| range.end.max(end));
            if let Some((range, Kind::Phone)) = hit {
                let value = text.get(range).unwrap_or_default();
                if !value.starts_with(['+', '＋']) {
                    self.0.insert(value.to_owned());
                }
            }
        }
    }

    fn contains(&self, value: &str) -> bool {
        !self.0.is_empty() && self.0.contains(value)
    }
}

/// The next place from here on where a number may begin.
fn next_number(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    rest.char_indices().find(|(_, c)| groups::may_begin_number(*c)).map(|(place, _)| at + place)
}

/// The places of personal data, in the order of the text, without overlaps.
pub(super) fn find(text: &str, known: &KnownPhones) -> Vec<(Range<usize>, Kind)> {
    let mut found = Vec::new();
    let mut mails = email::find(text).into_iter().peekable();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let may_begin = c.is_ascii_alphabetic() || groups::may_begin_number(c);
        let hit = (may_begin && begins_word(text, at))
            .then(|| iban::find(text, at).or_else(|| number(text, at, known)))
            .flatten();
        let end = at + c.len_utf8();
        match hit {
            Some((range, kind)) => {
                at = range.end.max(end);
                while let Some(mail) = mails.next_if(|mail| mail.end <= range.start) {
                    found.push((mail, Kind::Email));
                }
                // A value inside an address is masked with the address.
                if mails.peek().is_none_or(|mail| range.end <= mail.start) {
                    found.push((range, kind));
                }
            }
            None => at = end,
        }
    }
    found.extend(mails.map(|mail| (mail, Kind::Email)));
    found
}

/// The longest card or phone number that begins here.
fn number(text: &str, at: usize, known: &KnownPhones) -> Option<(Range<usize>, Kind)> {
    let groups = Groups::read(text, at)?;
    let before = text.get(..at)?;
    let told = phone::told_before(before);
    groups.longest_first().filter(|number| !number.is_torn()).find_map(|number| {
        let range = at..number.end;
        let after = text.get(number.end..)?;
        let ends = !after.starts_with(is_part_of_word);
        let kind = if ends && card::is_card(&number) {
            Kind::Card
        } else if phone::is_phone(&number, before, after, told)
            || ends && known.contains(text.get(range.clone())?)
        {
            Kind::Phone
        } else {
            return None;
        };
        Some((range, kind))
    })
}

/// Whether no part of a word stands before this place. The letter of a JSON text's escape, as in `\n`, is not part of a
/// word.
fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    !before.ends_with(is_part_of_word) || ends_with_escape(before)
}

/// Whether a number that touches this character is a part of a word, as in `v12` or `12th`. Scripts that put no spaces
/// between words touch numbers, as in `电话13812345678`.
fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

/// Thai, Japanese, Chinese, and Korean, whose particles touch numbers.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

fn ends_with_escape(before: &str) -> bool {
    let mut back = before.chars().rev();
    let short = matches!((back.next(), back.next()), (Some('n' | 'r' | 't' | 'b' | 'f'), Some('\\')));
    let tail = before.len().checked_sub(6).and_then(|start| before.get(start..));
    short || tail.and_then(|tail| tail.strip_prefix("\\u")).is_some_and(is_hex)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn width(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests;
