//! The number of employees of a company: a number, or a band in the form that CRMs export, such as `1001-5000` or
//! `10,000+`. It is stored in the form in which it was sent; the rules use its bounds.

use crate::field::FieldChecks;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The field's name in bodies.
const FIELD: &str = "company_size";
/// The most employees.
const MOST: u32 = 10_000_000;
/// The most characters of a band.
const LONGEST_BAND: usize = 50;
const RANGE: &str = "must be from 1 to 10000000";
const FORMAT: &str = "must be a number of employees or a band of them, such as 51-200 or 10,000+";

/// The size in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanySizeInput<'a> {
    /// The number of employees.
    Number(i64),
    /// A band, or a number as text; a blank text means unknown.
    Text(&'a str),
}

impl From<i64> for CompanySizeInput<'_> {
    fn from(employees: i64) -> Self {
        Self::Number(employees)
    }
}

impl<'a> From<&'a str> for CompanySizeInput<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// The size of a company. A number is stored as a number, like before bands were introduced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CompanySize {
    /// The number of employees, 1 to 10 million.
    Employees(u32),
    /// A band of employees.
    Band(SizeBand),
}

/// A band of employees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeBand {
    /// The text as it was sent, at most 50 characters.
    band: String,
    /// The fewest employees, 0 to 10 million.
    at_least: u32,
    /// The most employees, 1 to 10 million; `None` if the band has no upper end.
    at_most: Option<u32>,
}

impl CompanySize {
    /// The fewest and the most employees of the company; a band without an upper end goes to 10 million.
    pub fn bounds(&self) -> (u32, u32) {
        match self {
            Self::Employees(employees) => (*employees, *employees),
            Self::Band(band) => (band.at_least, band.at_most.unwrap_or(MOST)),
        }
    }

    /// Whether the size is a band. Events with a band have the second version.
    pub fn is_band(&self) -> bool {
        matches!(self, Self::Band(_))
    }
}

impl fmt::Display for CompanySize {
    /// The text as it was sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Employees(employees) => employees.fmt(f),
            Self::Band(band) => f.write_str(&band.band),
        }
    }
}

/// The size in a request, if it is valid.
pub(super) fn checked_size(check: &mut FieldChecks, input: CompanySizeInput<'_>) -> Option<CompanySize> {
    match input {
        CompanySizeInput::Number(employees) => {
            let employees = u32::try_from(employees).ok().filter(|size| (1..=MOST).contains(size));
            if employees.is_none() {
                check.wrong(FIELD, "range", RANGE);
            }
            employees.map(CompanySize::Employees)
        }
        CompanySizeInput::Text(text) => {
            let band = check.optional_line(FIELD, Some(text), LONGEST_BAND)?;
            let Some((at_least, at_most)) = bounds_of(&band) else {
                check.wrong(FIELD, "format", FORMAT);
                return None;
            };
            let most = at_most.unwrap_or(MOST.into());
            let (Ok(at_least), Ok(_)) = (u32::try_from(at_least), u32::try_from(most)) else {
                check.wrong(FIELD, "range", RANGE);
                return None;
            };
            if !(1..=u64::from(MOST)).contains(&most) || u64::from(at_least) > most {
                check.wrong(FIELD, "range", "must be from 1 to 10000000, the smaller number first");
                return None;
            }
            let at_most = at_most.and_then(|most| u32::try_from(most).ok());
            Some(CompanySize::Band(SizeBand { band, at_least, at_most }))
        }
    }
}

/// The bounds of a band: `51-200`, `51 to 200`, `10,000+`, `> 500`, `<50`, `200`; each may end with the word employees.
fn bounds_of(text: &str) -> Option<(u64, Option<u64>)> {
    let lower = text.to_lowercase();
    let text = lower.strip_suffix("employees").unwrap_or(&lower).trim();
    if let Some(rest) = text.strip_suffix('+') {
        return Some((number(rest)?, None));
    }
    for (sign, bounds) in [
        (">=", (|n| (n, None)) as fn(u64) -> (u64, Option<u64>)),
        ("≥", |n| (n, None)),
        (">", |n| (n.saturating_add(1), None)),
        ("<=", |n| (1, Some(n))),
        ("≤", |n| (1, Some(n))),
        ("<", |n| (1, Some(n.saturating_sub(1)))),
    ] {
        if let Some(rest) = text.strip_prefix(sign) {
            return number(rest).map(bounds);
        }
    }
    let (from, to) = match text.split_once(" to ") {
        Some(ends) => ends,
        None => match text.split_once(is_dash) {
            Some(ends) => ends,
            None => return number(text).map(|employees| (employees, Some(employees))),
        },
    };
    Some((number(from)?, Some(number(to)?)))
}

/// The hyphen, every dash of Unicode that is used between numbers, the minus sign, and the tilde.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '~')
}

/// A whole number, also with separated thousands (`10,000`, `10.000`, `10 000`, `10'000`) or shortened (`10k`).
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, times) = match text.strip_suffix('k') {
        Some(digits) => (digits.trim_end(), 1000),
        None => (text, 1),
    };
    let mut groups = digits.split(is_thousands_separator);
    let first = groups.next()?;
    let mut whole = first.to_owned();
    let grouped = digits.contains(is_thousands_separator);
    if grouped && !(1..=3).contains(&first.len()) {
        return None;
    }
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        whole.push_str(group);
    }
    let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { whole.parse::<u64>().ok()?.checked_mul(times) } else { None }
}

fn is_thousands_separator(c: char) -> bool {
    matches!(c, ',' | '.' | '\'' | '\u{2019}') || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<Option<(u32, u32)>, &'static str> {
        let mut check = FieldChecks::default();
        let size = checked_size(&mut check, text.into());
        match check.finish(()) {
            Ok(()) => Ok(size.map(|size| size.bounds())),
            Err(invalid) => Err(invalid.0.first().unwrap().code),
        }
    }

    #[test]
    fn takes_the_bands_that_crms_export() {
        for (text, bounds) in [
            ("1001-5000", (1001, 5000)),
            ("10,000+", (10_000, 10_000_000)),
            ("51 - 200", (51, 200)),
            ("1.001\u{2013}5.000", (1001, 5000)),
            ("1,001 to 5,000 employees", (1001, 5000)),
            ("10'001\u{2212}20\u{202f}000", (10_001, 20_000)),
            ("5K-10K", (5000, 10_000)),
            ("10k+", (10_000, 10_000_000)),
            ("0-1", (0, 1)),
            ("1-10 Employees", (1, 10)),
            (" 850 ", (850, 850)),
            ("1,200", (1200, 1200)),
            ("<50", (1, 49)),
            ("> 500", (501, 10_000_000)),
            ("\u{2265}500", (500, 10_000_000)),
            ("<= 50", (1, 50)),
        ] {
            assert_eq!(judged(text), Ok(Some(bounds)), "{text}");
        }
        assert_eq!(judged(" \u{200b}"), Ok(None));
    }

    #[test]
    fn refuses_what_is_no_band() {
        for text in [
            "many",
            "-5",
            "5-",
            "-",
            "1-2-3",
            "850.5",
            "1,00",
            "10,00,000",
            "1e3",
            "+",
            "a-b",
            "1 2",
            "\u{663}-\u{665}",
        ] {
            assert_eq!(judged(text), Err("format"), "{text}");
        }
        for text in ["0", "200-51", "10000001", "1-10,000,001", "99999999999999999999999k", "<1"] {
            assert!(judged(text).is_err(), "{text}");
        }
        assert_eq!(judged("5\n-10"), Err("format"));
    }

    #[test]
    fn a_number_is_stored_as_before_and_a_band_with_its_bounds() {
        let stored = |size: &CompanySize| serde_json::to_string(size).unwrap();
        let number = CompanySize::Employees(850);
        assert_eq!(stored(&number), "850");
        let mut check = FieldChecks::default();
        let band = checked_size(&mut check, "1,001-5,000".into()).unwrap();
        let written = r#"{"band":"1,001-5,000","at_least":1001,"at_most":5000}"#;
        assert_eq!(stored(&band), written);
        assert_eq!(serde_json::from_str::<CompanySize>("850").unwrap(), number);
        assert_eq!(serde_json::from_str::<CompanySize>(written).unwrap(), band);
        assert_eq!((number.to_string(), band.to_string()), ("850".to_owned(), "1,001-5,000".to_owned()));
    }
}
