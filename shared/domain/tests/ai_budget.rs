//! Budgets of a tenant for models: valid amounts, and changes.

use crate::support::{START, at, id};
use domain::ai::{AiBudget, AiBudgetEvent, BudgetFields, Feature, Limits, set_budget};
use domain::{DecodeError, DomainEvent, EncodedEvent, InvalidFields};
use std::collections::{BTreeMap, BTreeSet};
use testkit::{given, given_nothing};

const DOLLAR: u64 = 1_000_000_000;

fn known() -> BTreeSet<String> {
    ["nova", "sonnet"].map(str::to_owned).into()
}

/// The decision on these limits, with `month` as the tenant's, for these features and models.
fn decide(
    current: Option<&AiBudget>,
    month: &str,
    features: &[(&str, &str)],
    models: Option<&[&str]>,
) -> Result<Option<AiBudgetEvent>, InvalidFields> {
    let models: Option<Vec<String>> = models.map(|models| models.iter().map(|m| (*m).to_owned()).collect());
    let features = features.iter().map(|(name, usd)| ((*name).to_owned(), (*usd).to_owned())).collect();
    let fields = BudgetFields {
        tenant_month_usd: month,
        tenant_day_usd: "25.5",
        user_day_usd: "0.000000001",
        feature_month_usd: &features,
        expected_month_usd: "120",
        allowed_models: models.as_deref(),
        known_models: &known(),
        chains: &BTreeMap::new(),
        chat_models: &known(),
        mask_personal_data: false,
    };
    Ok(set_budget(current, fields.limits()?, id(2)))
}

fn set() -> AiBudgetEvent {
    decide(None, "250", &[("completion", "40")], Some(&["nova"])).unwrap().unwrap()
}

/// Field and code of every fault.
fn faults(result: Result<Option<AiBudgetEvent>, InvalidFields>) -> Vec<(String, &'static str)> {
    result.unwrap_err().0.into_iter().map(|error| (error.field, error.code)).collect()
}

#[test]
fn a_budget_is_set_to_the_nano_dollar() {
    let budget = given_nothing::<AiBudget>().when(|_| set()).then([set()]).unwrap();
    assert_eq!(
        budget.limits,
        Limits {
            tenant_month: 250 * DOLLAR,
            tenant_day: 25_500_000_000,
            user_day: 1,
            feature_month: BTreeMap::from([(Feature::Completion, 40 * DOLLAR)]),
            expected_month: 120 * DOLLAR,
            allowed_models: Some(["nova".to_owned()].into()),
            chains: BTreeMap::new(),
            mask_personal_data: false,
        }
    );
    assert_eq!((budget.set_by, budget.updated_at), (id(2), START));
    assert!(budget.limits.allows("nova") && !budget.limits.allows("sonnet"));
}

#[test]
fn a_change_replaces_everything_and_no_change_is_none() {
    let other = decide(None, "0", &[], None).unwrap().unwrap();
    let after = given::<AiBudget>([set()])
        .when(|budget| decide(budget, "0", &[], None).unwrap())
        .then([other.clone()])
        .unwrap();
    assert_eq!((after.limits.tenant_month, after.limits.feature_month.len()), (0, 0));
    assert!(after.limits.allows("sonnet"));
    assert_eq!(after.updated_at, at(1));
    given::<AiBudget>([set(), other])
        .when(|budget| decide(budget, "0.000", &[], None).unwrap())
        .then_nothing();
}

/// The limits of a new tenant can also be set: then they stay when the default changes.
#[test]
fn the_default_can_be_set() {
    let fields = BudgetFields {
        tenant_month_usd: "100",
        tenant_day_usd: "20",
        user_day_usd: "5",
        feature_month_usd: &BTreeMap::new(),
        expected_month_usd: "40",
        allowed_models: None,
        known_models: &known(),
        chains: &BTreeMap::new(),
        chat_models: &known(),
        mask_personal_data: false,
    };
    let limits = fields.limits().unwrap();
    assert_eq!(limits, Limits::default());
    assert!(set_budget(None, limits, id(2)).is_some());
}

#[test]
fn amounts_are_exact_and_at_most_a_billion() {
    assert!(decide(None, "1000000000", &[], None).is_ok());
    let month = |text| faults(decide(None, text, &[], None));
    assert_eq!(month("1000000000.000000001"), [("tenant_month_usd".to_owned(), "range")]);
    for text in ["", "-1", "1e3", "0.0000000001", "12,50", "$5", "00", "99999999999"] {
        assert_eq!(month(text), [("tenant_month_usd".to_owned(), "format")], "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_named_and_nothing_is_repeated() {
    let wrong =
        decide(None, "x-secret", &[("completion", "y-secret"), ("z-secret", "1")], Some(&["w-secret"]));
    let text = format!("{:?}", wrong.as_ref().unwrap_err());
    assert!(!text.contains("secret"), "{text}");
    let fields = ["tenant_month_usd", "feature_month_usd.completion", "feature_month_usd", "allowed_models"];
    let codes = ["format", "format", "unknown", "unknown"];
    let expected: Vec<_> = fields.map(str::to_owned).into_iter().zip(codes).collect();
    assert_eq!(faults(wrong), expected);
}

#[test]
fn an_allow_list_names_a_model() {
    assert_eq!(faults(decide(None, "1", &[], Some(&[]))), [("allowed_models".to_owned(), "too_short")]);
    let many = ["nova"; 101];
    assert_eq!(faults(decide(None, "1", &[], Some(&many))), [("allowed_models".to_owned(), "too_long")]);
    assert!(decide(None, "1", &[], Some(&many[..100])).is_ok());
}

#[test]
fn events_come_back_as_they_were() {
    for event in [set(), decide(None, "0", &[], None).unwrap().unwrap()] {
        let encoded = event.encode();
        assert_eq!(AiBudgetEvent::decode(&encoded).unwrap(), event);
        let later = EncodedEvent { schema_version: 4, ..encoded };
        assert!(matches!(AiBudgetEvent::decode(&later), Err(DecodeError::Unknown { .. })));
    }
}

#[test]
fn a_limit_of_training_is_written_in_the_third_version() {
    let limited = decide(None, "250", &[("fine_tuning", "40")], None).unwrap().unwrap();
    let encoded = limited.encode();
    assert_eq!((encoded.schema_version, set().encode().schema_version), (3, 2));
    assert_eq!(encoded.data["feature_month"], serde_json::json!({"fine_tuning": 40 * DOLLAR}));
    assert_eq!(AiBudgetEvent::decode(&encoded).unwrap(), limited);
    // Ledgers have such events from before the third version was made.
    assert_eq!(AiBudgetEvent::decode(&encoded.with_version(2)).unwrap(), limited);
}

/// The decided chains, or each wrong field with its code.
type Decided = Result<BTreeMap<Feature, Vec<String>>, Vec<(String, &'static str)>>;

/// The decision on these chains, where `nova`, `sonnet` and `titan` exist and `titan` does not converse.
fn chains(asked: &[(&str, &[&str])], allowed: Option<&[&str]>) -> Decided {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let asked = asked.iter().map(|(name, steps)| ((*name).to_owned(), owned(steps))).collect();
    let allowed = allowed.map(owned);
    let fields = BudgetFields {
        tenant_month_usd: "1",
        tenant_day_usd: "1",
        user_day_usd: "1",
        feature_month_usd: &BTreeMap::new(),
        expected_month_usd: "1",
        allowed_models: allowed.as_deref(),
        known_models: &["nova", "sonnet", "titan"].map(str::to_owned).into(),
        chains: &asked,
        chat_models: &known(),
        mask_personal_data: true,
    };
    match fields.limits() {
        Ok(limits) => {
            assert!(limits.mask_personal_data);
            Ok(limits.chains)
        }
        Err(invalid) => Err(invalid.0.into_iter().map(|error| (error.field, error.code)).collect()),
    }
}

#[test]
fn a_chain_is_kept_as_it_is_written() {
    let set = chains(
        &[("lead_scoring", &[" sonnet ", "nova:9 | sonnet:1", "rules"]), ("completion", &["nova"])],
        None,
    );
    let steps = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let right = [
        (Feature::LeadScoring, steps(&["sonnet", "nova:9|sonnet:1", "rules"])),
        (Feature::Completion, steps(&["nova"])),
    ];
    assert_eq!(set, Ok(right.into()));
    assert!(chains(&[("lead_scoring", &["rules"])], None).is_ok());
    assert!(chains(&[("completion", &["nova"])], Some(&["nova"])).is_ok());
}

#[test]
fn a_chain_that_can_t_be_used_is_refused_at_its_step() {
    let six: &[&str] = &["nova"; 6];
    let many_parts = &["nova:1|nova:1|nova:1|nova:1|nova:1|nova:1"] as &[&str];
    for (feature, steps, field, code) in [
        ("completion", &["gone"] as &[&str], "chains.completion.0", "unknown"),
        ("completion", &[""], "chains.completion.0", "unknown"),
        ("completion", &["nova", "titan"], "chains.completion.1", "format"),
        ("completion", &["nova:1|sonnet:1"], "chains.completion.0", "not_allowed"),
        ("completion", &["nova|nova"], "chains.completion.0", "format"),
        ("completion", &["nova", "rules"], "chains.completion.1", "unknown"),
        ("lead_scoring", &["rules", "nova"], "chains.lead_scoring.0", "format"),
        ("lead_scoring", &[], "chains.lead_scoring", "too_short"),
        ("lead_scoring", six, "chains.lead_scoring", "too_long"),
        ("lead_scoring", many_parts, "chains.lead_scoring.0", "too_long"),
        ("completion", &["nova:1|nova:2"], "chains.completion.0", "format"),
        ("completion", &["nova:0|nova:2"], "chains.completion.0", "format"),
        ("embedding", &["titan"], "chains.embedding", "unknown"),
        ("no_such_feature", &["nova"], "chains", "unknown"),
    ] {
        assert_eq!(
            chains(&[(feature, steps)], Some(&["nova"])),
            Err(vec![(field.to_owned(), code)]),
            "{steps:?}"
        );
    }
}

/// Ledgers have events from before tenants had chains.
#[test]
fn an_event_of_version_1_still_folds() {
    let mut old = set().encode();
    assert_eq!(old.schema_version, 2);
    old.schema_version = 1;
    let data = old.data.as_object_mut().unwrap();
    assert!(data.remove("chains").is_some() && data.remove("masking").is_some());
    assert_eq!(AiBudgetEvent::decode(&old).unwrap(), set());
}

#[test]
fn a_fine_tuned_model_is_allowed_when_it_or_its_base_model_is() {
    let tuned = "ft:nova:finetune_01kajttxj0f048g2081040g208";
    let allows = |allowed: &str, model: &str| {
        Limits { allowed_models: Some([allowed.to_owned()].into()), ..Limits::default() }.allows(model)
    };
    assert!(allows("nova", tuned) && allows(tuned, tuned) && Limits::default().allows(tuned));
    // Allowing the fine-tuned model does not allow its base model, nor another one of it.
    assert!(!allows(tuned, "nova") && !allows("sonnet", tuned));
    assert!(!allows(tuned, "ft:nova:finetune_01kajttxj0f048g2081040g209"));
}
