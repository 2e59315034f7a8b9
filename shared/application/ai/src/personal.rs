//! Finds personal data in texts: e-mail addresses, phone numbers, card numbers (Luhn) and IBANs (ISO 7064, mod 97). It
//! finds values in a recognizable form: a number without a `+`, a leading zero or the American grouping is not taken
//! for a phone number, because amounts, dates and ids look the same. Found values contain neither quotes nor
//! backslashes, so they can stand in JSON texts as they are. Texts come from callers, so the work must never grow
//! faster than their length.

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

/// The places of personal data, in the order of the text, without overlaps.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, Kind)> {
    let mut found = Vec::new();
    let mut mails = emails(text).into_iter().peekable();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let hit = begins_word(text, at).then(|| iban(text, at).or_else(|| number(text, at))).flatten();
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

/// Whether no part of a word stands before this place. The letter of a JSON text's escape, as in `\n`, is not part of a
/// word.
fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    !before.ends_with(|c: char| c.is_alphanumeric()) || ends_with_escape(before)
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

fn emails(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        let local = before.rfind(|c| !in_local(c)).map_or(0, |end| end + width(before, end));
        let local = local + escape_width(text, local);
        let long =
            after.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '.')).unwrap_or(after.len());
        let host = after.get(..long).unwrap_or_default().trim_end_matches(['.', '-']);
        let top = host.rsplit_once('.').map_or("", |(_, top)| top);
        if local < at && top.chars().count() >= 2 && !host.starts_with('.') {
            found.push(local..at + 1 + host.len());
        }
    }
    found.dedup_by(|next, last| next.start < last.end);
    found
}

fn in_local(c: char) -> bool {
    c.is_alphanumeric() || "._%+-!#$*^~".contains(c)
}

fn width(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// The number of bytes from here that belong to an escape of a JSON text whose backslash stands before.
fn escape_width(text: &str, at: usize) -> usize {
    if !text.get(..at).is_some_and(|before| before.ends_with('\\')) {
        return 0;
    }
    let rest = text.get(at..).unwrap_or_default();
    match rest.strip_prefix('u').and_then(|rest| rest.get(..4)) {
        Some(code) if is_hex(code) => 5,
        _ => usize::from(rest.starts_with(['n', 'r', 't', 'b', 'f'])),
    }
}

/// An account number: country, check digits and 11 to 30 letters and digits, perhaps in groups.
fn iban(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
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
        let ends = chars.peek().is_none_or(|(_, next)| !next.is_alphanumeric());
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

/// A run of digits, and the text before it.
struct Group<'a> {
    start: usize,
    digits: &'a str,
    /// The text between the group before and this one.
    before: &'a str,
}

/// The longest card or phone number that begins here.
fn number(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
    let plus = text.get(at..)?.starts_with('+');
    // The place is in the middle of a date or of a decimal.
    let before = text.get(..at)?;
    let inner =
        before.strip_suffix(['.', '-', '/']).is_some_and(|it| it.ends_with(|c: char| c.is_ascii_digit()));
    let groups = groups(text, at);
    let first = groups.first()?;
    // A number that begins at a bracket is found there.
    if first.start != at && !matches!(first.before, "(" | "+" | "+(") {
        return None;
    }
    (1..=groups.len()).rev().find_map(|many| {
        let some = groups.get(..many)?;
        let last = some.last()?;
        let end = last.start + last.digits.len();
        let ends = text.get(end..).is_none_or(|rest| !rest.starts_with(char::is_alphanumeric));
        let kind = if ends && !plus && is_card(some) {
            Kind::Card
        } else if (ends && !inner && is_phone(some)) || (plus && is_international(some)) {
            Kind::Phone
        } else {
            return None;
        };
        Some((at..end, kind))
    })
}

/// Groups of digits from here on, as long as only separators of a number stand between them. It looks no further than a
/// number can reach, because it is called for every place of the text.
fn groups(text: &str, at: usize) -> Vec<Group<'_>> {
    const MOST: usize = 8;
    /// The most digits of a number, which is a card's.
    const LONGEST: usize = 19;
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut place = at;
    while groups.len() < MOST {
        let rest = text.get(place..).unwrap_or_default();
        // `+(` before the first group, three signs between two.
        let widest = if groups.is_empty() { 2 } else { 3 };
        let gap = run(rest, widest, |byte| b" -./()+".contains(&byte));
        let before = rest.get(..gap).unwrap_or_default();
        let after = rest.get(gap..).unwrap_or_default();
        let long = run(after, LONGEST, |byte| byte.is_ascii_digit());
        let joined = groups.is_empty() || (1..=widest).contains(&gap) && !before.contains('+');
        if !(1..=LONGEST).contains(&long) || !joined {
            break;
        }
        groups.push(Group { start: place + gap, digits: after.get(..long).unwrap_or_default(), before });
        place += gap + long;
    }
    groups
}

/// The number of leading bytes that match, up to one more than `most`.
fn run(text: &str, most: usize, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take(most + 1).take_while(|byte| is(*byte)).count()
}

fn digits(groups: &[Group<'_>]) -> String {
    groups.iter().map(|group| group.digits).collect()
}

/// 13 to 19 digits that pass Luhn's check, without groups or with the same sign between all groups.
fn is_card(groups: &[Group<'_>]) -> bool {
    let mut between = groups.iter().skip(1).map(|group| group.before);
    let sign = between.next().unwrap_or(" ");
    let digits = digits(groups);
    matches!(sign, " " | "-")
        && between.all(|other| other == sign)
        && groups.first().is_some_and(|first| first.before.is_empty())
        && (13..=19).contains(&digits.len())
        && digits.bytes().any(|digit| digit != b'0')
        && luhn(&digits)
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `+` and 8 to 15 digits (E.164).
fn is_international(groups: &[Group<'_>]) -> bool {
    (8..=15).contains(&digits(groups).len())
}

/// A number with its trunk prefix, with `00`, or in the American grouping.
fn is_phone(groups: &[Group<'_>]) -> bool {
    let Some(first) = groups.first() else { return false };
    let sizes: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
    let digits = digits(groups);
    if first.digits.starts_with('0') {
        let date = matches!(sizes.as_slice(), [2, 2, 4, ..] | [2, 2, 2]);
        let longest = if digits.starts_with("00") { 17 } else { 12 };
        return first.digits.len() >= 2 && !date && (9..=longest).contains(&digits.len());
    }
    let local = match sizes.as_slice() {
        [1, 3, 3, 4] if first.digits == "1" => groups.get(1..).unwrap_or_default(),
        [3, 3, 4] => groups,
        _ => return false,
    };
    local.first().is_some_and(|area| area.digits.starts_with(|c: char| ('2'..='9').contains(&c)))
}

#[cfg(test)]
mod tests;
