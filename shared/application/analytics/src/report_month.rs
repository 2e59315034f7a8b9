//! The months that can be asked for.

use domain::ai::Month;
use domain::{InvalidFields, Timestamp};

/// The number of months before the current one that can be asked for. Sums are kept for 800 days after their last
/// request; the first day of the earliest month is at most 762 days ago, so all of it is there.
pub const MONTHS_BEFORE: u32 = 24;

/// The month that a caller asks for; the current one (UTC) when none is named.
pub fn report_month(asked: Option<&str>, now: Timestamp) -> Result<Month, InvalidFields> {
    const FIELD: &str = "month";
    let current = Month::of(now);
    let Some(name) = asked else { return Ok(current) };
    let Some(month) = Month::parse(name) else {
        return Err(InvalidFields::one(FIELD, "format", "must be a month such as 2026-11"));
    };
    let (asked, latest) = (month.number(), current.number());
    if asked > latest || latest - asked > MONTHS_BEFORE {
        let message = format!("must be the current month (UTC) or one of the {MONTHS_BEFORE} before it");
        return Err(InvalidFields::one(FIELD, "range", message));
    }
    Ok(month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_month_and_two_years_before_it_can_be_asked_for() {
        let now = Timestamp::parse("2026-11-30T23:59:59.999Z").unwrap();
        let code = |month: &str| match report_month(Some(month), now) {
            Ok(found) => {
                assert_eq!(found.as_str(), month);
                "fine"
            }
            Err(InvalidFields(errors)) => {
                assert_eq!(errors[0].field, "month");
                errors[0].code
            }
        };
        assert_eq!(report_month(None, now).unwrap().as_str(), "2026-11");
        for (month, expected) in [
            ("2026-11", "fine"),
            ("2026-10", "fine"),
            ("2024-11", "fine"),
            ("2024-10", "range"),
            ("1970-01", "range"),
            ("2026-12", "range"),
            ("9999-12", "range"),
            ("", "format"),
            ("2026-13", "format"),
            ("2026-1", "format"),
            ("2026-11-01", "format"),
            ("2026-11#x", "format"),
        ] {
            assert_eq!(code(month), expected, "{month}");
        }
    }

    #[test]
    fn the_earliest_month_is_wholly_kept_when_it_can_be_asked_for() {
        // The time for which the adapter keeps a sum.
        const KEPT_SECONDS: i64 = 800 * 24 * 3600;
        for year in 2026..2035 {
            for month in 1..=12 {
                let (_, next) = Month::parse(&format!("{year}-{month:02}")).unwrap().bounds();
                let now = Timestamp::from_millis(next.millis() - 1);
                let earliest = (0..60)
                    .map(|back| Month::of(now.plus_seconds(-back * 28 * 24 * 3600)))
                    .filter(|month| report_month(Some(month.as_str()), now).is_ok())
                    .min()
                    .unwrap();
                assert!(earliest.bounds().0.plus_seconds(KEPT_SECONDS) > now, "{earliest}");
            }
        }
    }
}
