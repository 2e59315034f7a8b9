//! Text that people write: which invisible characters a field keeps, removes or refuses. Two texts that look the same must not
//! differ by invisible characters, and no text may change the display of the text around it.
//!
//! Invisible characters at the edges of a field are removed. Within a field of one line, line breaks, controls of the writing
//! direction (UAX #9) and invisible characters are refused. Characters that spelling needs are kept (UTS #55): joiners inside
//! words and emoji, variation selectors, and the tags of flags. Fields of several lines refuse control characters only.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, NoncharacterCodePoint,
    VariationSelector, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::borrow::Cow;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// The character that the tags of a flag follow.
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';
/// The most letters and digits of a flag: `gbeng` has five, ISO 3166-2 allows six.
const LONGEST_FLAG: usize = 6;

/// Characters that are invisible although no Unicode property says so: the empty Braille pattern, the null notehead,
/// the blanks of Egyptian hieroglyphs and the Khitan filler.
const BLANKS: [char; 5] = ['\u{2800}', '\u{1d159}', '\u{13441}', '\u{13442}', '\u{16fe4}'];

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// A control character.
    Control,
    /// A line break in a field of one line.
    LineBreak,
    /// A control of the writing direction.
    Direction(char),
    /// An invisible character.
    Invisible(char),
}

impl TextFault {
    /// The message for people. It names an invisible character by its code point, because the reader could not find it
    /// otherwise.
    pub fn message(self) -> String {
        match self {
            Self::Control => "must not contain control characters".to_owned(),
            Self::LineBreak => "must be one line".to_owned(),
            Self::Direction(c) => {
                format!("must not contain controls of the writing direction, such as U+{:04X}", u32::from(c))
            }
            Self::Invisible(c) => {
                format!("must not contain invisible characters, such as U+{:04X}", u32::from(c))
            }
        }
    }
}

/// The text in Normalization Form C (UAX #15), in which equal texts have equal bytes.
pub fn composed(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The text without white space and other invisible characters at its edges. It is empty when the text looks empty.
pub fn trimmed(text: &str) -> &str {
    let mut rest = text.trim_start_matches(shows_nothing);
    while let Some(last) = rest.chars().next_back().filter(|last| shows_nothing(*last)) {
        let shorter = rest.strip_suffix(last).unwrap_or_default();
        let before = shorter.chars().next_back();
        let ends_emoji = is_variation_selector(last) && before.is_some_and(|before| !shows_nothing(before))
            || last == CANCEL_TAG && before.is_some_and(is_flag_tag);
        if ends_emoji {
            break;
        }
        rest = shorter;
    }
    rest
}

/// The first fault of a trimmed text of one line.
pub fn fault_of_line(text: &str) -> Option<TextFault> {
    if text.is_ascii() {
        return text.chars().find_map(control_fault);
    }
    let characters: Vec<char> = text.chars().collect();
    characters.iter().enumerate().find_map(|(at, c)| {
        let before = at.checked_sub(1).and_then(|before| characters.get(before)).copied();
        let rest = characters.get(at + 1..).unwrap_or_default();
        fault_at(*c, before, rest)
            .filter(|_| !(is_flag_tag(*c) || *c == CANCEL_TAG) || !is_in_flag(&characters, at))
    })
}

/// The first fault of a text that may have several lines.
pub fn fault_of_lines(text: &str) -> Option<TextFault> {
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.contains(forbidden).then_some(TextFault::Control)
}

/// The fault of a control character. NEL, VT and FF break lines like LF and CR (UAX #14).
fn control_fault(c: char) -> Option<TextFault> {
    match c {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(TextFault::LineBreak),
        c if c.is_control() => Some(TextFault::Control),
        _ => None,
    }
}

fn fault_at(c: char, before: Option<char>, rest: &[char]) -> Option<TextFault> {
    if let Some(fault) = control_fault(c) {
        return Some(fault);
    }
    match c {
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => {
            let joins = before.is_some_and(|before| is_joinable(before) || is_variation_selector(before))
                && rest.first().copied().is_some_and(is_joinable);
            (!joins).then_some(TextFault::Invisible(c))
        }
        c if is_variation_selector(c) => {
            let selects = before.is_some_and(|before| !shows_nothing(before));
            (!selects).then_some(TextFault::Invisible(c))
        }
        c if is(CodePointSetData::new::<BidiControl>(), c) => Some(TextFault::Direction(c)),
        // Annotations of characters are for the exchange between programs only.
        '\u{fff9}'..='\u{fffb}' => Some(TextFault::Invisible(c)),
        c if is_ignorable(c) || is(CodePointSetData::new::<NoncharacterCodePoint>(), c) => {
            Some(TextFault::Invisible(c))
        }
        _ => None,
    }
}

/// Whether the tag at this position belongs to a flag: at least three letters or digits between the black flag and the
/// end tag (UTS #51, emoji tag sequences).
fn is_in_flag(characters: &[char], at: usize) -> bool {
    let (head, tail) = characters.split_at_checked(at).unwrap_or_default();
    let before = head.iter().rev().take_while(|c| is_flag_tag(**c)).count();
    let after = tail.iter().take_while(|c| is_flag_tag(**c)).count();
    let begins = head.len().checked_sub(before + 1).and_then(|flag| head.get(flag)) == Some(&BLACK_FLAG);
    let ends = tail.get(after) == Some(&CANCEL_TAG);
    begins && ends && (3..=LONGEST_FLAG).contains(&(before + after))
}

/// Whether a tag is a letter or a digit of a flag.
fn is_flag_tag(c: char) -> bool {
    matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}')
}

/// Whether a joiner may be next to this character, which is so for a letter, mark, digit or emoji.
fn is_joinable(c: char) -> bool {
    let groups = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Symbol);
    groups.contains(category(c)) && !shows_nothing(c)
}

fn shows_nothing(c: char) -> bool {
    is(CodePointSetData::new::<WhiteSpace>(), c) || is_ignorable(c) || BLANKS.contains(&c)
}

fn is_ignorable(c: char) -> bool {
    is(CodePointSetData::new::<DefaultIgnorableCodePoint>(), c)
}

fn is_variation_selector(c: char) -> bool {
    is(CodePointSetData::new::<VariationSelector>(), c)
}

fn is(set: icu_properties::CodePointSetDataBorrowed<'static>, c: char) -> bool {
    set.contains(c)
}

/// The general category of a character.
pub(crate) fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}
