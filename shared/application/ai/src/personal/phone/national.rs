//! Numbers without `+` and without a leading zero, as people write them at home, by country. The plans are those that
//! the regulators of the countries report to the ITU (E.164, national numbering plans), as far as they tell a phone number
//! from another number. Numbers of countries with a trunk prefix, such as France, Japan and most of Australia,
//! are found by their leading zero.

use super::super::groups::Number;

/// Whether a number of these groups and digits is written so in a country.
type Plan = fn(&[usize], &[u8]) -> bool;

const PLANS: [Plan; 7] = [spain, brazil, india, mexico, china, denmark, australia];

/// Countries whose numbers are also written with the country's code and without `+`, as in `91 98765 43210`.
const PLANS_WITH_CODE: [(&str, Plan); 3] = [("55", brazil), ("91", india), ("86", china)];

/// Whether a country's people write a number so.
pub(super) fn is_national(number: &Number<'_>) -> bool {
    let (sizes, digits) = (number.sizes, number.digits.as_bytes());
    has_usual_signs(number)
        && (PLANS.iter().any(|plan| plan(sizes, digits))
            || PLANS_WITH_CODE.iter().any(|(code, plan)| is_after_code(sizes, number.digits, code, *plan))
            || number.is_bracketed() && is_brazilian_fixed_line(sizes, digits))
}

/// Spaces, hyphens and brackets; dots only where the groups are no thousands.
fn has_usual_signs(number: &Number<'_>) -> bool {
    let dots = !number.sizes.iter().all(|size| *size == 3);
    number
        .gaps_between()
        .all(|sign| matches!(sign, " " | "-" | " (" | ")" | ") " | ")-" | " - ") || dots && sign == ".")
}

fn is_after_code(sizes: &[usize], digits: &str, code: &str, plan: Plan) -> bool {
    let Some(rest) = digits.strip_prefix(code) else { return false };
    match sizes {
        [size] => size.checked_sub(code.len()).is_some_and(|size| plan(&[size], rest.as_bytes())),
        [2, sizes @ ..] => plan(sizes, rest.as_bytes()),
        _ => false,
    }
}

/// Mobile numbers begin with 6 and 7, others with 8 and 9. Nine digits in one group could be anything.
fn spain(sizes: &[usize], digits: &[u8]) -> bool {
    match sizes {
        [3, 3, 3] | [3, 2, 2, 2] => matches!(digits, [b'6'..=b'9', ..]),
        [2, 3, 2, 2] => matches!(digits, [b'8' | b'9', b'1'..=b'8', ..]),
        _ => false,
    }
}

/// Two digits of the area, then 9 and eight digits (mobile), or 2 to 5 and seven digits.
fn brazil(sizes: &[usize], digits: &[u8]) -> bool {
    let [first, second, third, ..] = digits else { return false };
    is_brazilian_area(*first, *second)
        && match sizes {
            [2, 5, 4] | [2, 1, 4, 4] | [2, 9] | [7, 4] | [11] => *third == b'9',
            [2, 4, 4] => matches!(third, b'2'..=b'5'),
            _ => false,
        }
}

/// `(11) 31234567`: only the brackets tell it from other numbers.
fn is_brazilian_fixed_line(sizes: &[usize], digits: &[u8]) -> bool {
    matches!(sizes, [2, 8])
        && matches!(digits, [first, second, b'2'..=b'5', ..] if is_brazilian_area(*first, *second))
}

fn is_brazilian_area(first: u8, second: u8) -> bool {
    match first {
        b'1' | b'4' | b'6' | b'8' | b'9' => second != b'0',
        b'2' => matches!(second, b'1' | b'2' | b'4' | b'7' | b'8'),
        b'3' => matches!(second, b'1'..=b'5' | b'7' | b'8'),
        b'5' => matches!(second, b'1' | b'3'..=b'5'),
        b'7' => matches!(second, b'1' | b'3'..=b'5' | b'7' | b'9'),
        _ => false,
    }
}

/// Mobile numbers have ten digits and begin with 6 to 9.
fn india(sizes: &[usize], digits: &[u8]) -> bool {
    matches!(sizes, [10] | [5, 5] | [4, 3, 3] | [3, 3, 4]) && matches!(digits, [b'6'..=b'9', ..])
}

/// Two digits of the area in the capital, Guadalajara and Monterrey, then eight digits; three and seven elsewhere, of
/// which the American grouping is found anyway.
fn mexico(sizes: &[usize], digits: &[u8]) -> bool {
    match sizes {
        [2, 4, 4] | [2, 2, 2, 2, 2] => {
            matches!(digits, [b'5', b'5' | b'6', ..] | [b'3', b'3', ..] | [b'8', b'1', ..])
        }
        [3, 3, 2, 2] => matches!(digits, [b'2'..=b'9', ..]),
        _ => false,
    }
}

/// Mobile numbers have eleven digits and begin with 13 to 19.
fn china(sizes: &[usize], digits: &[u8]) -> bool {
    matches!(sizes, [11] | [3, 4, 4] | [3, 8]) && matches!(digits, [b'1', b'3'..=b'9', ..])
}

/// Four groups of two. Eight digits in one or two groups could be anything.
fn denmark(sizes: &[usize], digits: &[u8]) -> bool {
    matches!(sizes, [2, 2, 2, 2]) && matches!(digits, [b'2'..=b'9', ..])
}

/// Numbers of services begin with 1300 and 1800; all others have a leading zero.
fn australia(sizes: &[usize], digits: &[u8]) -> bool {
    matches!(sizes, [4, 3, 3]) && matches!(digits, [b'1', b'3' | b'8', b'0', b'0', ..])
}
