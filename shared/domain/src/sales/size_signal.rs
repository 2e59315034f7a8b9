//! The signal of a company's size for its budget.

use super::company_size::CompanySize;

/// The signals of sizes, each with its smallest number of employees.
const SIZES: [(u32, i8, &str); 4] = [
    (0, -15, "Very small companies rarely have the budget"),
    (10, 5, "The company has the size of our smaller customers"),
    (200, 20, "The company has the size of our best customers"),
    (5000, 15, "A large company can pay, and takes its time"),
];

/// The signal of a company's size for its budget. A band that crosses one limit counts as its geometric mean, because
/// sizes of companies are distributed by magnitude; a band that crosses several limits gives no signal.
pub(super) fn size_signal(size: &CompanySize) -> Option<(i8, &'static str)> {
    let step_of = |employees: u32| SIZES.iter().rposition(|(from, ..)| *from <= employees);
    let (at_least, at_most) = size.bounds();
    let (first, last) = (step_of(at_least)?, step_of(at_most)?);
    let step = match last - first {
        0 => first,
        1 => {
            let square = u64::from(at_least.max(1)) * u64::from(at_most);
            step_of(u32::try_from(square.isqrt()).ok()?)?
        }
        _ => return None,
    };
    SIZES.get(step).map(|(_, impact, reason)| (*impact, *reason))
}
