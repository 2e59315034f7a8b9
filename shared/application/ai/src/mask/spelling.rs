//! How placeholders are written. Sextant writes `[email_1]`. Models also write `[EMAIL_1]`, `[ email_1 ]`, full-width
//! brackets, and the escapes of Markdown, as in `\[email\_1\]`, whose backslashes are doubled in a JSON text. All of these
//! stand for the value. `<email_1>`, `{email_1}`, `email_1`, `[email 1]` and `[email1]` do not: tags, templates, fields and
//! headings of a completion are written so.

use super::super::personal::Kind;
use std::collections::HashMap;

/// The most backslashes of one escape: in a JSON text that stands in another one.
pub(super) const MOST_ESCAPES: usize = 4;
/// The most spaces between a bracket and the name.
const MOST_PADDING: usize = 2;
/// The most digits of a number that is read in a prompt.
const MOST_DIGITS: usize = 18;

/// A pair of brackets around a placeholder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bracket {
    Square,
    FullWidth,
    Lenticular,
}

impl Bracket {
    const OPENINGS: [char; 3] = ['[', '［', '【'];

    fn opened_by(c: char) -> Self {
        match c {
            '［' => Self::FullWidth,
            '【' => Self::Lenticular,
            _ => Self::Square,
        }
    }

    pub(super) const fn opening(self) -> &'static str {
        match self {
            Self::Square => "[",
            Self::FullWidth => "［",
            Self::Lenticular => "【",
        }
    }

    const fn closing(self) -> char {
        match self {
            Self::Square => ']',
            Self::FullWidth => '］',
            Self::Lenticular => '】',
        }
    }

    /// The first opening bracket, with the text before it and the text after it.
    pub(super) fn first(text: &str) -> Option<(&str, Self, &str)> {
        Self::at(text, text.find(Self::OPENINGS)?)
    }

    pub(super) fn last(text: &str) -> Option<(&str, Self, &str)> {
        Self::at(text, text.rfind(Self::OPENINGS)?)
    }

    fn at(text: &str, place: usize) -> Option<(&str, Self, &str)> {
        let (before, rest) = text.split_at_checked(place)?;
        let opening = rest.chars().next()?;
        Some((before, Self::opened_by(opening), rest.get(opening.len_utf8()..)?))
    }
}

/// The values of one kind, numbered from one after the highest number that the prompt itself names.
#[derive(Debug, Default)]
pub(super) struct NumberedValues {
    before_first: u64,
    values: Vec<String>,
}

impl NumberedValues {
    pub(super) fn begin_after(&mut self, number: u64) {
        self.before_first = self.before_first.max(number);
    }

    /// Adds a value and returns its number.
    pub(super) fn add(&mut self, value: &str) -> u64 {
        self.values.push(value.to_owned());
        self.last()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn last(&self) -> u64 {
        self.before_first.saturating_add(self.values.len() as u64)
    }

    /// The value of a number in decimal digits, without leading zeros.
    fn get(&self, digits: &str) -> Option<&str> {
        let number: u64 = digits.parse().ok().filter(|_| !digits.starts_with('0'))?;
        let place = number.checked_sub(self.before_first)?.checked_sub(1)?;
        self.values.get(usize::try_from(place).ok()?).map(String::as_str)
    }

    /// Whether the number of a value begins with these digits.
    fn has_number_beginning_with(&self, digits: &str) -> bool {
        if digits.is_empty() {
            return !self.is_empty();
        }
        let Ok(number) = digits.parse::<u64>() else { return false };
        let (mut lowest, mut highest) = (number, number);
        while lowest <= self.last() && lowest > 0 && !digits.starts_with('0') {
            if highest > self.before_first && !self.is_empty() {
                return true;
            }
            lowest = lowest.saturating_mul(10);
            highest = highest.saturating_mul(10).saturating_add(9);
        }
        false
    }
}

/// What stands after an opening bracket.
#[derive(Debug)]
pub(super) enum Spelling<'a> {
    /// A placeholder with its value. It takes `length` bytes after the opening bracket; `escapes` is the number of
    /// backslashes before its other signs, so that as many before the opening bracket belong to it, too.
    Placeholder {
        value: &'a str,
        length: usize,
        escapes: usize,
    },
    /// The text ends before it is known.
    MayBecomeOne,
    Other,
}

/// Reads the text after an opening bracket. It looks no further than the longest placeholder, because it is called for
/// every bracket of a completion.
pub(super) fn read<'a>(
    after: &str,
    bracket: Bracket,
    values: &'a HashMap<Kind, NumberedValues>,
) -> Spelling<'a> {
    let name = without_most(after, ' ', MOST_PADDING).0;
    let kinds = Kind::ALL.into_iter().filter_map(|kind| Some((kind, values.get(&kind)?)));
    let mut kinds = kinds.filter(|(_, values)| !values.is_empty());
    let begins = |long: &str, start: &str| {
        long.as_bytes().get(..start.len()).is_some_and(|long| long.eq_ignore_ascii_case(start.as_bytes()))
    };
    let Some((kind, values)) = kinds.clone().find(|(kind, _)| begins(name, kind.as_str())) else {
        let begun = kinds.any(|(kind, _)| begins(kind.as_str(), name));
        return if begun { Spelling::MayBecomeOne } else { Spelling::Other };
    };
    let (rest, before_underscore) =
        without_most(name.get(kind.as_str().len()..).unwrap_or_default(), '\\', MOST_ESCAPES);
    let Some(rest) = rest.strip_prefix('_') else {
        return if rest.is_empty() { Spelling::MayBecomeOne } else { Spelling::Other };
    };
    let size = rest.bytes().take(MOST_DIGITS + 2).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = rest.split_at_checked(size).unwrap_or_default();
    if rest.is_empty() {
        let begun = values.has_number_beginning_with(digits);
        return if begun { Spelling::MayBecomeOne } else { Spelling::Other };
    }
    let Some(value) = values.get(digits) else { return Spelling::Other };
    let rest = without_most(rest, ' ', MOST_PADDING).0;
    let (rest, before_closing) = without_most(rest, '\\', MOST_ESCAPES);
    match rest.strip_prefix(bracket.closing()) {
        Some(rest) => Spelling::Placeholder {
            value,
            length: after.len() - rest.len(),
            escapes: before_underscore.max(before_closing),
        },
        None if rest.is_empty() => Spelling::MayBecomeOne,
        None => Spelling::Other,
    }
}

/// The text without the leading signs of this kind, up to a number of them, and how many these were.
fn without_most(text: &str, sign: char, most: usize) -> (&str, usize) {
    let many = text.chars().take(most).take_while(|c| *c == sign).count();
    (text.get(many..).unwrap_or_default(), many)
}

/// The number of backslashes at the end of a text that may belong to a placeholder after it.
pub(super) fn backslashes(text: &str) -> usize {
    text.bytes().rev().take(MOST_ESCAPES).take_while(|byte| *byte == b'\\').count()
}

/// The numbers of everything in a prompt that looks like a name of a placeholder, with or without brackets.
pub(super) fn numbers_in(text: &str) -> Vec<(Kind, u64)> {
    let mut numbers = Vec::new();
    if !text.contains('_') {
        return numbers;
    }
    let text = text.to_ascii_lowercase();
    for kind in Kind::ALL {
        for (at, name) in text.match_indices(kind.as_str()) {
            let rest = text.get(at + name.len()..).unwrap_or_default().trim_start_matches('\\');
            let digits = rest.strip_prefix('_').unwrap_or_default();
            let size = digits.bytes().take(MOST_DIGITS).take_while(u8::is_ascii_digit).count();
            numbers.extend(
                digits.get(..size).and_then(|digits| digits.parse().ok()).map(|number| (kind, number)),
            );
        }
    }
    numbers
}
