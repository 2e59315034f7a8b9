//! Card numbers (ISO/IEC 7812), with Luhn's check.

use super::groups::Number;

/// 13 to 19 digits that pass Luhn's check, without groups or with the same sign between all groups.
pub(super) fn is_card(number: &Number<'_>) -> bool {
    let mut gaps = number.gaps();
    if gaps.next() != Some("") {
        return false;
    }
    let sign = gaps.next().unwrap_or(" ");
    matches!(sign, " " | "-")
        && gaps.all(|other| other == sign)
        && (13..=19).contains(&number.digits.len())
        && number.digits.bytes().any(|digit| digit != b'0')
        && luhn(number.digits)
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
