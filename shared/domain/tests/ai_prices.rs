//! A tenant's own prices: valid prices, and changes.

use domain::ai::{AiPrices, AiPricesEvent, OverridePrices, TokenPrices, override_prices};
use domain::{DecodeError, DomainEvent, EncodedEvent, InvalidFields};
use std::collections::BTreeMap;
use testkit::{given, given_nothing};

fn decide(
    current: Option<&AiPrices>,
    prices: &[(&str, [&str; 4])],
    reference: &str,
) -> Result<Option<AiPricesEvent>, InvalidFields> {
    let prices: BTreeMap<String, [&str; 4]> =
        prices.iter().map(|(model, texts)| ((*model).to_owned(), *texts)).collect();
    let known_models = &["nova", "sonnet"].map(str::to_owned).into();
    override_prices(current, &OverridePrices { prices: &prices, reference, known_models })
}

fn set() -> AiPricesEvent {
    decide(None, &[("nova", ["0.5", "2", "0.125", "0.500"])], "contract 7").unwrap().unwrap()
}

fn faults(result: Result<Option<AiPricesEvent>, InvalidFields>) -> Vec<(String, &'static str)> {
    result.unwrap_err().0.into_iter().map(|error| (error.field, error.code)).collect()
}

#[test]
fn prices_are_exact_and_replaced_as_a_whole() {
    let prices = given_nothing::<AiPrices>().when(|_| set()).then([set()]).unwrap();
    let nova = TokenPrices { input: 500, output: 2000, cache_read: 125, cache_write: 500 };
    assert_eq!(prices.prices, BTreeMap::from([("nova".to_owned(), nova)]));
    assert_eq!(prices.reference, "contract 7");
    given::<AiPrices>([set()])
        .when(|prices| decide(prices, &[("nova", ["0.50", "2.0", "0.125", "0.5"])], " contract 7 ").unwrap())
        .then_nothing();
    let ended = decide(None, &[("sonnet", ["1", "1", "1", "1"])], "contract 8").unwrap().unwrap();
    let after = given::<AiPrices>([set()])
        .when(|prices| decide(prices, &[("sonnet", ["1", "1", "1", "1"])], "contract 8").unwrap())
        .then([ended])
        .unwrap();
    assert_eq!(after.prices.keys().collect::<Vec<_>>(), ["sonnet"]);
    // A tenant without own prices does not change, and one with own prices does.
    assert_eq!(decide(None, &[], "none").unwrap(), None);
    assert!(decide(Some(&prices), &[], "ended").unwrap().is_some());
}

#[test]
fn what_is_no_price_is_refused_by_name() {
    for (texts, field, code) in [
        (["-1", "1", "0", "1"], "prices.nova.input", "format"),
        (["1", "0.0001", "0", "1"], "prices.nova.output", "format"),
        (["1", "", "0", "1"], "prices.nova.output", "format"),
        (["1", "+1", "0", "1"], "prices.nova.output", "format"),
        (["1", "1", "1.001", "1"], "prices.nova.cache_read", "range"),
        (["1", "1", "1", "10000.001"], "prices.nova.cache_write", "range"),
    ] {
        assert_eq!(faults(decide(None, &[("nova", texts)], "c")), [(field.to_owned(), code)], "{texts:?}");
    }
    assert_eq!(faults(decide(None, &[("gone", ["1"; 4])], "c")), [("prices".to_owned(), "unknown")]);
    assert_eq!(faults(decide(None, &[("nova", ["1"; 4])], " ")), [("reference".to_owned(), "required")]);
}

#[test]
fn events_come_back_as_they_were() {
    let encoded = set().encode();
    assert_eq!(AiPricesEvent::decode(&encoded).unwrap(), set());
    let later = EncodedEvent { schema_version: 2, ..encoded };
    assert!(matches!(AiPricesEvent::decode(&later), Err(DecodeError::Unknown { .. })));
}
