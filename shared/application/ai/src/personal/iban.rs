//! IBANs (ISO 13616), with the check of ISO 7064, mod 97.

use super::Kind;
use std::ops::Range;

/// An account number: country, check digits and 11 to 30 letters and digits, perhaps in groups.
pub(super) fn find(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
    let rest = text.get(at..)?;
    let mut head = rest.bytes();
    let country = head.by_ref().take(2).filter(u8::is_ascii_alphabetic).count();
    if country != 2 || head.by_ref().take(2).filter(u8::is_ascii_digit).count() != 2 {
        return None;
    }
    let mut compact = String::with_capacity(34);
    let mut best = None;
    let mut chars = rest.char_indices().peekable();
    while let Some((place, c)) = chars.next() {
        match c {
            ' ' if compact.len() >= 4 && !rest.get(..place).is_some_and(|it| it.ends_with(' ')) => continue,
            c if c.is_ascii_alphanumeric() && compact.len() < 34 => compact.push(c),
            _ => break,
        }
        let ends = chars.peek().is_none_or(|(_, next)| !super::is_part_of_word(*next));
        let lower = compact.bytes().any(|byte| byte.is_ascii_lowercase());
        let grouped = compact.len() <= place;
        if ends && compact.len() >= 15 && !(lower && grouped) && is_iban(&compact) {
            best = Some(at..at + place + 1);
        }
    }
    best.map(|range| (range, Kind::Iban))
}

fn is_iban(compact: &str) -> bool {
    let (head, body) = compact.split_at_checked(4).unwrap_or_default();
    let rest = body.chars().chain(head.chars()).try_fold(0_u32, |rest, c| {
        let value = c.to_digit(36)?;
        Some((if value > 9 { rest * 100 + value } else { rest * 10 + value }) % 97)
    });
    rest == Some(1)
}
