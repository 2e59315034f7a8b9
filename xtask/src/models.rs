//! `cargo xtask models`: says how long the providers serve the models of the registry. It warns and never fails,
//! because a date that comes nearer is not a fault of the tree.

use crate::Outcome;
use crate::environment::root;
use crate::error::{Error, at};
use crate::local::now_millis;
use crate::say::heading;
use serde::Deserialize;
use std::fs;

const REGISTRY: &str = "shared/application/ai/src/models.json";
/// The number of days before the end of a model's life at which the warnings begin: enough to choose and evaluate
/// another.
const WARN_BEFORE: i64 = 90;
/// The number of days for which a model without an announced end is served at least: Bedrock's Legacy period of six
/// months (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html>).
const NOTICE: i64 = 180;

#[derive(Deserialize)]
struct Table {
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    provider: String,
    lifecycle: Option<Lifecycle>,
}

#[derive(Deserialize)]
struct Lifecycle {
    eol_not_before: String,
    eol: Option<String>,
    source: String,
    as_of: String,
}

/// Prints how long each model is served, and warns of those that may end soon.
pub(crate) fn models() -> Outcome {
    let path = root().join(REGISTRY);
    let today = i64::try_from(now_millis() / 86_400_000).unwrap_or_default();
    for line in report(&fs::read_to_string(&path).map_err(at(&path))?, today)? {
        println!("  {line}");
    }
    heading(&format!("{REGISTRY} has the pages; read them again, and write down the dates with `as_of`."));
    Ok(())
}

/// A line for each model of Bedrock, warnings first.
fn report(registry: &str, today: i64) -> Result<Vec<String>, Error> {
    let table: Table =
        serde_json::from_str(registry).map_err(|error| Error::Content(format!("{REGISTRY}: {error}")))?;
    let (mut warnings, mut fine) = (Vec::new(), Vec::new());
    for row in table.models.iter().filter(|row| row.provider == "bedrock" && row.id != "self-hosted") {
        let Some(lifecycle) = &row.lifecycle else {
            warnings.push(format!("warning: {}: the registry does not say how long it is served", row.id));
            continue;
        };
        let days = |text: &str| {
            day(text).ok_or_else(|| Error::Content(format!("{REGISTRY}: {}: {text} is not a date", row.id)))
        };
        let (until, why) = match &lifecycle.eol {
            Some(eol) => (days(eol)?, "its end is announced"),
            None => {
                let noticed = days(&lifecycle.as_of)? + NOTICE;
                (days(&lifecycle.eol_not_before)?.max(noticed), "no end was announced when its page was read")
            }
        };
        let left = until - today;
        let text = format!("{}: served for {left} days at least; {why} ({})", row.id, lifecycle.as_of);
        if left < WARN_BEFORE {
            warnings.push(format!("warning: {text}; see {}", lifecycle.source));
        } else {
            fine.push(text);
        }
    }
    warnings.extend(fine);
    Ok(warnings)
}

/// Days since 1970 of a date such as 2026-11-29
/// (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
fn day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::{day, report};

    #[test]
    fn days_are_counted_as_calendars_do() {
        assert_eq!(
            (day("1970-01-01"), day("2000-03-01"), day("2026-11-29")),
            (Some(0), Some(11_017), Some(20_786))
        );
        assert_eq!((day("2026-13-01"), day("soon")), (None, None));
    }

    #[test]
    fn a_model_is_warned_of_ninety_days_before_it_may_end() {
        let model = |lifecycle: &str| {
            format!(r#"{{"models": [{{"id": "m", "provider": "bedrock", "lifecycle": {lifecycle}}}]}}"#)
        };
        let announced = model(
            r#"{"launched": "2025-01-01", "eol_not_before": "2026-01-01", "eol": "2027-03-01",
                "source": "https://a", "as_of": "2026-11-01"}"#,
        );
        let active = model(
            r#"{"launched": "2025-01-01", "eol_not_before": "2026-01-01", "source": "https://a", "as_of": "2026-11-01"}"#,
        );
        let promised = model(
            r#"{"launched": "2026-06-30", "eol_not_before": "2027-06-30", "source": "https://a", "as_of": "2026-11-01"}"#,
        );
        for (registry, today, warns, days) in [
            (&announced, "2026-12-01", false, 90),
            (&announced, "2026-12-02", true, 89),
            // Six months of notice from the day on which the page was read.
            (&active, "2027-01-30", false, 90),
            (&active, "2027-01-31", true, 89),
            (&promised, "2027-04-01", false, 90),
            (&promised, "2027-07-01", true, -1),
        ] {
            let lines = report(registry, day(today).unwrap()).unwrap();
            assert_eq!(lines.len(), 1);
            assert_eq!(lines[0].starts_with("warning: "), warns, "{today}: {}", lines[0]);
            assert!(lines[0].contains(&format!("served for {days} days")), "{today}: {}", lines[0]);
        }
        let unknown =
            r#"{"models": [{"id": "m", "provider": "bedrock"}, {"id": "o", "provider": "openai"}]}"#;
        assert_eq!(
            report(unknown, 0).unwrap(),
            ["warning: m: the registry does not say how long it is served"]
        );
    }
}
