//! The usage of a request by model.

use crate::support::{START, id};
use domain::ai::{
    AiRequestMetered, AssignedVariant, CacheUse, Feature, ModelUsage, RequestOutcome, TokenCounts,
    UnmeteredUsage,
};
use domain::id::new_id;
use domain::{DomainEvent, Timestamp};

fn tokens(each: u64) -> TokenCounts {
    TokenCounts { input: each, output: each, cache_read: each, cache_write: each }
}

fn used(model: &str, each: u64, cost_nano_usd: u64) -> ModelUsage {
    ModelUsage {
        model: model.to_owned(),
        tokens: tokens(each),
        cost_nano_usd,
        unmetered: UnmeteredUsage::default(),
    }
}

fn request(other_models: Vec<ModelUsage>) -> AiRequestMetered {
    AiRequestMetered {
        request_id: new_id(START, &[7; 10]),
        account_id: id(2),
        api_key_id: None,
        feature: Feature::Completion,
        model: "answered".to_owned(),
        provider: "bedrock".to_owned(),
        tokens: tokens(10),
        cost_nano_usd: 100,
        other_models,
        unmetered: UnmeteredUsage::default(),
        price_version: "1".to_owned(),
        attempts: 2,
        latency_ms: 1,
        cache: CacheUse::Miss,
        outcome: RequestOutcome::Answered,
        variant: None,
    }
}

#[test]
fn the_parts_of_all_models_are_the_whole() {
    assert_eq!(request(vec![]).by_model().unwrap(), [used("answered", 10, 100)]);
    let parts = request(vec![used("one", 3, 50), used("two", 7, 49)]).by_model().unwrap();
    assert_eq!(parts, [used("answered", 0, 1), used("one", 3, 50), used("two", 7, 49)]);
}

#[test]
fn parts_that_can_t_be_are_told() {
    for wrong in [
        vec![used("one", 0, 101)],
        vec![used("one", 11, 1)],
        vec![used("one", 6, 1), used("two", 5, 1)],
        vec![used("one", 1, 1), used("one", 1, 1)],
        vec![used("answered", 1, 1)],
    ] {
        assert_eq!(request(wrong.clone()).by_model(), None, "{wrong:?}");
    }
    for kind in [
        TokenCounts { input: 11, ..TokenCounts::default() },
        TokenCounts { output: 11, ..TokenCounts::default() },
        TokenCounts { cache_read: 11, ..TokenCounts::default() },
        TokenCounts { cache_write: 11, ..TokenCounts::default() },
    ] {
        let other = ModelUsage { tokens: kind, ..used("one", 0, 1) };
        assert_eq!(request(vec![other]).by_model(), None, "{kind:?}");
    }
}

fn unmetered(each: u64, cost_nano_usd: u64) -> UnmeteredUsage {
    UnmeteredUsage { tokens: tokens(each), cost_nano_usd }
}

#[test]
fn what_nobody_metered_is_told_of_each_model() {
    let other = ModelUsage { unmetered: unmetered(2, 40), ..used("one", 3, 50) };
    let of = |whole| AiRequestMetered { unmetered: whole, ..request(vec![other.clone()]) };
    let parts = of(unmetered(6, 60)).by_model().unwrap();
    assert_eq!(parts[0], ModelUsage { unmetered: unmetered(4, 20), ..used("answered", 7, 50) });
    assert_eq!((parts[0].metered(), parts[1].metered()), (Some(tokens(3)), Some(tokens(1))));
    // The other model's part is more than the whole.
    for wrong in [unmetered(1, 60), unmetered(6, 39), UnmeteredUsage::default()] {
        assert_eq!(of(wrong).by_model(), None);
    }
    assert_eq!(ModelUsage { unmetered: unmetered(4, 1), ..used("one", 3, 50) }.metered(), None);
    let encoded = of(unmetered(6, 60)).encode();
    assert_eq!(AiRequestMetered::decode(&encoded).unwrap(), of(unmetered(6, 60)));
    // A request from before these parts existed.
    assert!(request(vec![used("one", 3, 50)]).encode().data.pointer("/unmetered").is_none());
}

#[test]
fn an_event_without_other_models_is_one_that_has_none() {
    for event in [request(vec![]), request(vec![used("one", 3, 50)])] {
        let encoded = event.encode();
        assert_eq!(encoded.data.get("other_models").is_some(), !event.other_models.is_empty());
        assert_eq!(AiRequestMetered::decode(&encoded).unwrap(), event);
    }
}

#[test]
fn an_assigned_variant_is_written_in_the_second_version_and_old_events_have_none() {
    let plain = request(vec![]);
    let encoded = plain.encode();
    assert_eq!((encoded.schema_version, encoded.data.get("variant")), (1, None));
    assert_eq!(AiRequestMetered::decode(&encoded).unwrap(), plain);

    let variant =
        AssignedVariant { experiment: "answered:90|other:10".to_owned(), model: "other".to_owned() };
    let assigned = AiRequestMetered { variant: Some(variant), ..plain };
    let encoded = assigned.encode();
    assert_eq!(encoded.schema_version, 2);
    assert_eq!(
        encoded.data["variant"],
        serde_json::json!({"experiment": "answered:90|other:10", "model": "other"})
    );
    assert_eq!(AiRequestMetered::decode(&encoded).unwrap(), assigned);
    assert!(AiRequestMetered::decode(&encoded.with_version(4)).is_err());
}

#[test]
fn the_training_of_a_model_is_written_in_the_third_version_with_and_without_a_variant() {
    let variant =
        AssignedVariant { experiment: "answered:90|other:10".to_owned(), model: "other".to_owned() };
    for variant in [None, Some(variant)] {
        let training = AiRequestMetered { feature: Feature::FineTuning, variant, ..request(vec![]) };
        let encoded = training.encode();
        assert_eq!((encoded.schema_version, &encoded.data["feature"]), (3, &"fine_tuning".into()));
        assert_eq!(AiRequestMetered::decode(&encoded).unwrap(), training);
    }
}

/// Ledgers have such events from before the third version was made.
#[test]
fn the_training_of_a_model_is_read_in_the_first_version_too() {
    let training = AiRequestMetered { feature: Feature::FineTuning, ..request(vec![]) };
    assert_eq!(AiRequestMetered::decode(&training.encode().with_version(1)).unwrap(), training);
}

#[test]
fn a_request_began_when_its_identifier_was_made() {
    assert_eq!(request(vec![]).began(), Some(START));
    let later = AiRequestMetered {
        request_id: new_id(Timestamp::from_millis(START.millis() + 1), &[0; 10]),
        ..request(vec![])
    };
    assert_eq!(later.began().unwrap().millis(), START.millis() + 1);
}
