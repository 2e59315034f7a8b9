//! Alerts about a month's costs, and how often they are sent.

use crate::support::{START, id};
use domain::ai::{AiMonth, AiMonthEvent, Month, MonthCosts, report_thresholds};
use domain::{DecodeError, DomainEvent, EncodedEvent, Timestamp};
use testkit::given;

fn costs(cost: u64, expected: u64) -> MonthCosts {
    MonthCosts { month: Month::of(START), cost, expected, set_by: Some(id(2)) }
}

fn percents(events: &[AiMonthEvent]) -> Vec<u16> {
    events.iter().map(|AiMonthEvent::ThresholdReached(facts)| facts.percent).collect()
}

#[test]
fn a_part_is_reached_to_the_nano_dollar() {
    for (cost, expected, parts) in [
        (0, 10, &[][..]),
        (7, 10, &[]),
        (8, 10, &[80]),
        (9, 10, &[80]),
        (10, 10, &[80, 100]),
        (14, 10, &[80, 100]),
        (15, 10, &[80, 100, 150]),
        (79_999_999_999, 100_000_000_000, &[]),
        (80_000_000_000, 100_000_000_000, &[80]),
        (u64::MAX, u64::MAX, &[80, 100]),
        (u64::MAX, 1, &[80, 100, 150]),
        // No alerts are wanted.
        (0, 0, &[]),
        (100, 0, &[]),
    ] {
        assert_eq!(percents(&report_thresholds(None, &costs(cost, expected))), parts, "{cost} of {expected}");
    }
}

#[test]
fn a_part_is_told_once() {
    let told = report_thresholds(None, &costs(8, 10));
    given::<AiMonth>(told.clone()).when(|month| report_thresholds(month, &costs(9, 10))).then_nothing();
    let more = report_thresholds(None, &costs(15, 10)).split_off(1);
    let after = given::<AiMonth>(told.clone())
        .when(|month| report_thresholds(month, &costs(15, 10)))
        .then(more.clone())
        .unwrap();
    assert_eq!(after.reached, [80, 100, 150].into());
    let all = told.into_iter().chain(more);
    given::<AiMonth>(all).when(|month| report_thresholds(month, &costs(1000, 10))).then_nothing();
}

#[test]
fn every_month_has_a_name_of_its_own() {
    let mut names = std::collections::BTreeSet::new();
    for year in 2025..2045 {
        for month in 1..=12 {
            let at = Timestamp::parse(&format!("{year}-{month:02}-15T12:00:00Z")).unwrap();
            assert_eq!(Month::of(at).as_str(), format!("{year}-{month:02}"));
            assert!(names.insert(Month::of(at).id().to_string()));
            assert_eq!(Month::of(at.plus_seconds(10 * 24 * 3600)).id(), Month::of(at).id());
        }
    }
}

#[test]
fn a_month_is_read_as_it_is_written() {
    for name in ["1970-01", "2024-02", "2026-11", "9999-12"] {
        assert_eq!(Month::parse(name).unwrap().as_str(), name);
    }
    for wrong in [
        "",
        "2026",
        "2026-1",
        "2026-13",
        "2026-00",
        "2026-11-01",
        "26-11",
        "02026-11",
        " 2026-11",
        "2026-11 ",
        "2026/11",
        "+026-11",
        "1969-12",
        "2026-11\0",
        "2026-11#x",
        "\u{ff12}026-11",
        "2026-11-01T00:00:00Z",
    ] {
        assert_eq!(Month::parse(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_month_has_bounds_and_a_number() {
    for (name, start, end) in [
        ("2024-02", "2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z"),
        ("2025-02", "2025-02-01T00:00:00.000Z", "2025-03-01T00:00:00.000Z"),
        ("2026-12", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
    ] {
        let month = Month::parse(name).unwrap();
        let (first, next) = month.bounds();
        assert_eq!((first.to_string().as_str(), next.to_string().as_str()), (start, end));
        assert_eq!(Month::of(Timestamp::from_millis(next.millis() - 1)), month);
        assert_eq!(Month::of(next).number(), month.number() + 1);
    }
}

#[test]
fn events_come_back_as_they_were() {
    for event in report_thresholds(None, &costs(15, 10)) {
        let encoded = event.encode();
        assert_eq!(AiMonthEvent::decode(&encoded).unwrap(), event);
        let later = EncodedEvent { schema_version: 2, ..encoded };
        assert!(matches!(AiMonthEvent::decode(&later), Err(DecodeError::Unknown { .. })));
    }
}
