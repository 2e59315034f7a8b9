//! Groups of digits with the separators of a number between them, as ASCII. Full-width digits and signs, and the dashes
//! and spaces that people and word processors write, become the plain ones.

/// The most groups of a number.
const MOST_GROUPS: usize = 8;
/// The most digits of a number, which is a card's.
const MOST_DIGITS: usize = 19;
/// The fewest digits of a number that is looked for.
const FEWEST_DIGITS: usize = 7;
/// The most signs between two groups, as in `(0) 30`, and before the first one, which are `+(`.
const WIDEST_GAP: usize = 3;
const WIDEST_START: usize = 2;

/// The groups from one place of a text on.
#[derive(Debug, Default)]
pub(super) struct Groups {
    digits: String,
    /// The number of digits of each group.
    sizes: Vec<usize>,
    /// The signs before each group.
    gaps: Vec<Gap>,
    /// Where each group ends in the text.
    ends: Vec<usize>,
}

/// The first groups of [`Groups`]: a candidate for a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    pub(super) digits: &'a str,
    /// The number of digits of each group.
    pub(super) sizes: &'a [usize],
    gaps: &'a [Gap],
    /// Where it ends in the text.
    pub(super) end: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Gap {
    signs: [u8; WIDEST_GAP],
    long: usize,
}

impl Gap {
    fn as_str(&self) -> &str {
        self.signs.get(..self.long).and_then(|signs| std::str::from_utf8(signs).ok()).unwrap_or_default()
    }
}

impl Groups {
    /// The groups that begin exactly here, perhaps with `+`, `(` or both. It looks no further than a number can reach,
    /// because it is called for every place of a text.
    pub(super) fn read(text: &str, at: usize) -> Option<Self> {
        let mut groups = Self::default();
        let mut place = at;
        while groups.sizes.len() < MOST_GROUPS {
            let Some((gap, start)) = groups.gap(text, place) else { break };
            let rest = text.get(start..).unwrap_or_default().chars();
            let before = groups.digits.len();
            let mut end = start;
            for (c, digit) in rest.map_while(|c| Some((c, digit(c)?))).take(MOST_DIGITS + 1) {
                groups.digits.push(digit);
                end += c.len_utf8();
            }
            let size = groups.digits.len() - before;
            if !(1..=MOST_DIGITS).contains(&size) {
                groups.digits.truncate(before);
                break;
            }
            groups.sizes.push(size);
            groups.gaps.push(gap);
            groups.ends.push(end);
            place = end;
        }
        (groups.digits.len() >= FEWEST_DIGITS).then_some(groups)
    }

    /// The signs before the next group, and where it begins.
    fn gap(&self, text: &str, at: usize) -> Option<(Gap, usize)> {
        let first = self.sizes.is_empty();
        let widest = if first { WIDEST_START } else { WIDEST_GAP };
        let (mut gap, mut place) = (Gap::default(), at);
        let signs = text.get(at..)?.chars().map_while(|c| Some((c, sign(c)?)));
        for (c, sign) in signs.take(widest + 1) {
            *gap.signs.get_mut(gap.long).filter(|_| gap.long < widest)? = sign;
            gap.long += 1;
            place += c.len_utf8();
        }
        let joined = match (first, gap.as_str()) {
            (true, signs) => matches!(signs, "" | "(" | "+" | "+("),
            (false, signs) => !signs.is_empty() && !signs.contains('+'),
        };
        joined.then_some((gap, place))
    }

    /// All groups, then all but the last one, and so on.
    pub(super) fn longest_first(&self) -> impl Iterator<Item = Number<'_>> {
        (1..=self.sizes.len()).rev().filter_map(|many| {
            let sizes = self.sizes.get(..many)?;
            let digits = self.digits.get(..sizes.iter().sum::<usize>())?;
            let (gaps, end) = (self.gaps.get(..many)?, *self.ends.get(many - 1)?);
            (digits.len() >= FEWEST_DIGITS).then_some(Number { digits, sizes, gaps, end })
        })
    }
}

impl<'a> Number<'a> {
    /// The signs before each group. Those before the first one are nothing, `(`, `+` or `+(`.
    pub(super) fn gaps(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.gaps.iter().map(Gap::as_str)
    }

    /// The signs between the groups.
    pub(super) fn gaps_between(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.gaps().skip(1)
    }

    pub(super) fn has_plus(&self) -> bool {
        self.gaps().next().is_some_and(|signs| signs.starts_with('+'))
    }

    /// Whether one of the groups stands in brackets.
    pub(super) fn is_bracketed(&self) -> bool {
        self.gaps_between().any(|signs| signs.contains(')'))
    }

    /// Whether it begins with a bracket that another text closes, as in `(0171 1234567)`.
    pub(super) fn is_torn(&self) -> bool {
        self.gaps().next().is_some_and(|signs| signs.ends_with('(')) && !self.is_bracketed()
    }
}

/// Whether a number may begin with this character.
pub(super) fn may_begin_number(c: char) -> bool {
    digit(c).is_some() || matches!(sign(c), Some(b'+' | b'('))
}

/// A digit as ASCII.
pub(super) fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        _ => None,
    }
}

/// A separator of a number as ASCII.
pub(super) fn sign(c: char) -> Option<u8> {
    match c {
        ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{3000}' => Some(b' '),
        // Hyphens, dashes, the minus sign, and the sign for a long vowel, which Japanese keyboards write for a dash.
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{30fc}' | '\u{ff70}' => Some(b'-'),
        '.' | '\u{ff0e}' => Some(b'.'),
        '/' | '\u{ff0f}' => Some(b'/'),
        '(' | '\u{ff08}' => Some(b'('),
        ')' | '\u{ff09}' => Some(b')'),
        '+' | '\u{ff0b}' => Some(b'+'),
        _ => None,
    }
}
