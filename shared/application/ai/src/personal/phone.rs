//! Phone numbers, in four forms:
//!
//! 1. international: `+` and 8 to 15 digits (E.164), or `00` before them;
//! 2. with the trunk prefix `0`, in any grouping, and in the American grouping;
//! 3. as people write them at home in countries without a trunk prefix or where it is left out ([`national`]);
//! 4. any 7 to 13 digits right after a word that says so ([`words`]), as in `Tel. 3123-4567`.
//!
//! The third form looks like amounts, dates and ids. It is found only where it stands alone and no word before it names
//! another thing.

mod national;
mod words;

use super::groups::{self, Number};
use super::{ends_with_escape, is_part_of_word, is_unspaced};
pub(super) use words::{Told, told_before};

/// Whether the groups are a phone number, between these texts.
pub(super) fn is_phone(number: &Number<'_>, before: &str, after: &str, told: Told) -> bool {
    if number.has_plus() && is_international(number) {
        return !words::unit_follows(after);
    }
    if after.starts_with(is_part_of_word) || is_inside_number(before) || goes_on(after) {
        return false;
    }
    if is_date(number) || is_ip(number) {
        return false;
    }
    if has_trunk_zero(number) {
        let grouped = number.sizes.len() > 1;
        return grouped || told == Told::Phone || told == Told::Nothing && !is_joined_to_word(before);
    }
    if is_american(number) {
        return number.is_bracketed() || told != Told::Other;
    }
    let fits = match told {
        Told::Phone => is_any_number(number),
        Told::Other => false,
        Told::Nothing => {
            national::is_national(number) && begins_freely(before) && !after.starts_with(['-', '_', '='])
        }
    };
    fits && stands_alone(number, before, after) && !words::unit_follows(after)
}

/// `+` and 8 to 15 digits (E.164).
fn is_international(number: &Number<'_>) -> bool {
    (8..=15).contains(&number.digits.len())
}

/// A number with its trunk prefix or with `00`: 9 to 12 digits, up to 17 with the country's code, and 13 after the
/// prefixes of Mexican mobile numbers until 2019.
fn has_trunk_zero(number: &Number<'_>) -> bool {
    let digits = number.digits;
    let longest = match digits.strip_prefix("00") {
        // No country's code begins with zero.
        Some(code) if code.starts_with('0') => return false,
        Some(_) => 17,
        None if digits.starts_with("044") || digits.starts_with("045") => 13,
        None => 12,
    };
    digits.starts_with('0')
        && number.sizes.first().is_some_and(|size| *size >= 2)
        && (9..=longest).contains(&digits.len())
}

/// `555-010-0199`, perhaps with `1` before it.
fn is_american(number: &Number<'_>) -> bool {
    let local = match number.sizes {
        [1, 3, 3, 4] => number.digits.strip_prefix('1'),
        [3, 3, 4] => Some(number.digits),
        _ => None,
    };
    local.is_some_and(|local| local.starts_with(|c: char| matches!(c, '2'..='9')))
}

/// Whether 7 to 13 digits right after a word such as `tel.` are a number: one group, or groups of which the first is too
/// short to be a number by itself.
fn is_any_number(number: &Number<'_>) -> bool {
    let whole = number.sizes.first().is_some_and(|size| *size >= 7);
    (7..=13).contains(&number.digits.len())
        && (number.sizes.len() == 1 || !whole && number.sizes.len() <= 6)
        && !is_amount(number)
}

/// Thousands, as in `1.234.567` or `1 234 567`. Nine digits with spaces are a phone number in Spain.
fn is_amount(number: &Number<'_>) -> bool {
    let Some((first, rest)) = number.sizes.split_first() else { return false };
    let thousands = *first <= 3 && !rest.is_empty() && rest.iter().all(|size| *size == 3);
    thousands && (*first < 3 || number.gaps_between().all(|sign| sign == "."))
}

/// A date, perhaps with a time after it, or two years. Five groups of two with one sign between all of them are a
/// French number.
fn is_date(number: &Number<'_>) -> bool {
    let part = |from: usize, to: usize| -> u32 {
        number.digits.get(from..to).and_then(|part| part.parse().ok()).unwrap_or_default()
    };
    let year = |from: usize| (1900..2100).contains(&part(from, from + 4));
    let day_and_month = |first: usize, second: usize| {
        let (one, other) = (part(first, first + 2), part(second, second + 2));
        (1..=31).contains(&one) && (1..=31).contains(&other) && one.min(other) <= 12
    };
    match number.sizes {
        [8] | [4, 2, 2, ..] => year(0) && day_and_month(4, 6),
        [4, 4] => year(0) && year(4),
        [2, 2, 4, ..] => day_and_month(0, 2),
        [2, 2, 2, 2, 2] if is_uniform(number.gaps_between()) => false,
        [2, 2, 2, ..] => {
            let signs = number.gaps_between().take(2);
            is_uniform(signs.clone()) && signs.clone().all(|sign| sign != " ") && day_and_month(0, 2)
        }
        _ => false,
    }
}

fn is_uniform<'a>(mut signs: impl Iterator<Item = &'a str>) -> bool {
    let first = signs.next();
    signs.all(|sign| Some(sign) == first)
}

/// Four numbers up to 255 with dots between them.
fn is_ip(number: &Number<'_>) -> bool {
    let mut from = 0;
    number.sizes.len() == 4
        && number.gaps_between().all(|sign| sign == ".")
        && number.sizes.iter().all(|size| {
            let part = number.digits.get(from..from + size).and_then(|part| part.parse::<u8>().ok());
            from += size;
            part.is_some()
        })
}

/// Whether the place is in the middle of a date or of a decimal.
fn is_inside_number(before: &str) -> bool {
    before.strip_suffix(['.', '-', '/']).is_some_and(ends_with_digit)
}

/// Whether more of an IP address or of a version stands after the number.
fn goes_on(after: &str) -> bool {
    after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a sign that joins words and ids stands right before the number, as in `INV-0012345678` or `#0012345678`.
fn is_joined_to_word(before: &str) -> bool {
    before.ends_with(['#', '_', '=', '@', '&', '$', '€', '£'])
        || before.strip_suffix(['-', '.', '/']).is_some_and(|rest| rest.ends_with(char::is_alphanumeric))
}

fn ends_with_digit(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| groups::digit(c).is_some())
}

/// Whether a text may end with this sign and a number begin after it: a space, a bracket, a quote or a mark of a
/// sentence, and no sign that joins words, such as `#`, `=` or `/`.
fn begins_freely(before: &str) -> bool {
    let Some(last) = before.chars().next_back() else { return true };
    let free = last.is_whitespace() || is_unspaced(last) || ends_with_escape(before);
    (free || "([{<>\"'“”„«»‘’:;,|*`~：、，。；（）「」【】".contains(last))
        && !words::currency_precedes(before)
}

/// Whether no digits stand beside the number, as they do beside a part of an amount, of a longer id or of a list of
/// numbers. Digits may stand after a space when the number is one group, and behind a comma when they are no decimals,
/// because tables are written so.
fn stands_alone(number: &Number<'_>, before: &str, after: &str) -> bool {
    let grouped = number.sizes.len() > 1;
    let beside = |c: char| c == ':' || groups::sign(c).is_some_and(|sign| sign != b' ' || grouped);
    let digits = |text: &str| text.chars().take(3).take_while(|c| groups::digit(*c).is_some()).count();
    let decimals = after.strip_prefix(',').map_or(0, digits);
    !before.strip_suffix(beside).is_some_and(ends_with_digit)
        && after.strip_prefix(beside).map_or(0, digits) == 0
        && !(1..=2).contains(&decimals)
}
