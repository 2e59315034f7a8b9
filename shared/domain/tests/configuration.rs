//! The configuration document, which is accepted or refused as a whole, and the values of flags.

use crate::support::id;
use domain::Timestamp;
use domain::ai::{ChainStep, Feature};
use domain::configuration::{
    CatalogModel, ConfigurationError, FlagSubject, FlagValue, InputTypeNames, LimitName, ModelCatalog,
    RuntimeConfiguration,
};
use domain::id::OrganizationId;
use domain::tenancy::SubscriptionTier;
use serde_json::{Value, json};

fn catalog() -> ModelCatalog {
    let model = |converses, openai_compatible| CatalogModel { converses, openai_compatible };
    [
        ("nova:0", model(true, false)),
        ("claude", model(true, false)),
        ("titan", model(false, false)),
        ("gpt", model(true, true)),
        ("vectors", model(false, true)),
    ]
    .map(|(name, model)| (name.to_owned(), model))
    .into()
}

fn organization(number: u8) -> OrganizationId {
    id(number)
}

fn whole() -> Value {
    json!({
        "version": 1,
        "chains": {"lead_scoring": ["claude:90|nova:0:10", "nova:0", "rules"], "completion": ["gpt"]},
        "providers": [
            {"name": "openai", "base_url": "https://api.openai.com/v1/", "secret": "sextant-dev-provider-openai", "models": ["gpt"]},
            {"name": "own", "base_url": "http://127.0.0.1:11434/v1", "models": ["vectors"],
             "input_types": {"document": "passage", "query": "query"}}
        ],
        "guardrail": "gr4x7:3",
        "list_shards": {organization(1).to_string(): 8},
        "fine_tuning": true,
        "limits": {"ai_calls": {"requests": 120, "period_seconds": 60}},
        "flags": {
            "new_inbox": {
                "owner": "sales", "ends": "2026-12-31", "default": false,
                "rules": [
                    {"organizations": [organization(1).to_string()], "value": true},
                    {"tiers": ["enterprise"], "value": true},
                    {"percentage": 20, "value": true}
                ]
            }
        }
    })
}

fn read(document: &Value) -> Result<RuntimeConfiguration, ConfigurationError> {
    RuntimeConfiguration::parse(document.to_string().as_bytes(), Some(&catalog()))
}

/// The wrong fields.
fn wrong(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = whole();
    change(&mut document);
    match read(&document) {
        Err(ConfigurationError::Invalid(invalid)) => {
            invalid.0.into_iter().map(|error| format!("{} {}", error.field, error.code)).collect()
        }
        Err(ConfigurationError::Malformed(_)) => vec!["malformed".to_owned()],
        Ok(_) => vec![],
    }
}

#[test]
fn a_whole_document_is_read_as_it_is_written() {
    let read = read(&whole()).unwrap();
    let split = ChainStep::Models(vec![(90, "claude".to_owned()), (10, "nova:0".to_owned())]);
    let nova = ChainStep::Models(vec![(1, "nova:0".to_owned())]);
    assert_eq!(read.chains[&Feature::LeadScoring], [split, nova, ChainStep::Rules]);
    let openai = read.provider_of("gpt").unwrap();
    assert_eq!((openai.name.as_str(), openai.base_url.as_str()), ("openai", "https://api.openai.com/v1"));
    assert_eq!(openai.secret.as_deref(), Some("sextant-dev-provider-openai"));
    let own = read.provider_of("vectors").unwrap();
    assert_eq!(own.secret, None);
    let input_types = InputTypeNames { document: "passage".to_owned(), query: "query".to_owned() };
    assert_eq!((&openai.input_types, &own.input_types), (&None, &Some(input_types)));
    assert_eq!(read.provider_of("nova:0"), None);
    let guardrail = read.guardrail.as_ref().unwrap();
    assert_eq!((guardrail.id.as_str(), guardrail.version.as_str()), ("gr4x7", "3"));
    assert_eq!((read.shards(organization(1)), read.shards(organization(2))), (8, 1));
    assert!(read.fine_tuning);
    let limit = read.limits[&LimitName::AiCalls];
    assert_eq!((limit.requests, limit.period_seconds), (120, 60));
    assert_eq!(read.flags["new_inbox"].owner, "sales");
}

#[test]
fn the_smallest_document_has_chains() {
    let chains = json!({"lead_scoring": ["rules"], "completion": ["nova:0"]});
    let read = read(&json!({"version": 1, "chains": chains})).unwrap();
    assert_eq!(RuntimeConfiguration { chains: read.chains.clone(), ..RuntimeConfiguration::default() }, read);
    for missing in ["lead_scoring", "completion"] {
        let wrong = wrong(|document| {
            document["chains"].as_object_mut().unwrap().remove(missing);
        });
        assert_eq!(wrong, [format!("chains.{missing} required")]);
    }
}

#[test]
fn one_wrong_value_refuses_the_document() {
    let far = |value: &str| json!({"owner": "x", "ends": value, "default": false});
    for (expected, fault) in [
        ("version unknown", ("/version", json!(2))),
        ("chains.lead_scoring.0 unknown", ("/chains/lead_scoring/0", json!("no-such-model"))),
        ("chains.lead_scoring.0 unknown", ("/chains/lead_scoring/0", json!("claude:1|no-such-model:1"))),
        ("chains.completion.0 format", ("/chains/completion/0", json!("titan"))),
        ("chains.completion.0 unknown", ("/chains/completion/0", json!("rules"))),
        ("chains.lead_scoring.0 format", ("/chains/lead_scoring/0", json!("rules"))),
        ("chains.completion.0 format", ("/chains/completion/0", json!("gpt|nova:0"))),
        ("chains.completion range", ("/chains/completion", json!([]))),
        (
            "chains.embedding unknown",
            ("/chains", json!({"embedding": ["vectors"], "lead_scoring": ["rules"], "completion": ["gpt"]})),
        ),
        ("providers.0.name format", ("/providers/0/name", json!("Open AI"))),
        ("providers.1.name taken", ("/providers/1/name", json!("openai"))),
        ("providers.0.base_url format", ("/providers/0/base_url", json!("api.openai.com/v1"))),
        ("providers.0.secret format", ("/providers/0/secret", json!("sextant-dev-cursor"))),
        ("chains.completion.0 unknown, providers.0.models too_short", ("/providers/0/models", json!([]))),
        (
            "providers.0.models.0 unknown, chains.completion.0 unknown",
            ("/providers/0/models/0", json!("no-such-model")),
        ),
        (
            "providers.0.models.0 format, chains.completion.0 unknown",
            ("/providers/0/models/0", json!("nova:0")),
        ),
        ("chains.completion.0 unknown", ("/providers", json!([]))),
        ("providers.1.models.0 taken", ("/providers/1/models/0", json!("gpt"))),
        ("providers.1.input_types.query format", ("/providers/1/input_types/query", json!(""))),
        ("providers.1.input_types.document format", ("/providers/1/input_types/document", json!("a b"))),
        ("guardrail format", ("/guardrail", json!("gr4x7"))),
        ("guardrail format", ("/guardrail", json!("gr4x7:0"))),
        ("list_shards.x format", ("/list_shards", json!({"x": 2}))),
        ("limits.ai_calls.requests range", ("/limits/ai_calls/requests", json!(0))),
        ("limits.reads unknown", ("/limits", json!({"reads": {"requests": 1, "period_seconds": 1}}))),
        ("flags.new_inbox.owner required", ("/flags/new_inbox/owner", json!(""))),
        ("flags.new_inbox.ends required", ("/flags/new_inbox/ends", json!("soon"))),
        ("flags.a b format", ("/flags", json!({"a b": far("2027-01-01")}))),
        ("flags.x.ends required", ("/flags", json!({"x": far("2027-02-30")}))),
        ("flags.new_inbox.rules.0.value type", ("/flags/new_inbox/rules/0/value", json!("on"))),
        ("flags.new_inbox.rules.2.percentage range", ("/flags/new_inbox/rules/2/percentage", json!(101))),
        (
            "flags.new_inbox.rules.0.organizations format",
            ("/flags/new_inbox/rules/0/organizations/0", json!("org_x")),
        ),
        ("flags.new_inbox.rules.0 format", ("/flags/new_inbox/rules/0", json!({"value": true}))),
    ] {
        let (pointer, value) = fault;
        assert_eq!(
            wrong(|document| *document.pointer_mut(pointer).unwrap() = value.clone()).join(", "),
            expected,
            "{pointer} {value}"
        );
    }
}

#[test]
fn a_flag_without_owner_or_end_and_an_unknown_member_are_refused() {
    let without = |member: &str| {
        wrong(|document| {
            document["flags"]["new_inbox"].as_object_mut().unwrap().remove(member);
        })
    };
    assert_eq!(without("owner"), ["flags.new_inbox.owner required"]);
    assert_eq!(without("ends"), ["flags.new_inbox.ends required"]);
    assert_eq!(wrong(|document| document["guard_rail"] = json!("gr4x7:3")), ["guard_rail unknown"]);
    assert_eq!(wrong(|document| document["flags"]["new_inbox"]["end"] = json!("2027-01-01")), ["malformed"]);
    assert!(RuntimeConfiguration::parse(b"{", None).is_err());
    let shards = json!({organization(1).to_string(): 65});
    assert_eq!(
        wrong(|document| document["list_shards"] = shards),
        [format!("list_shards.{} range", organization(1))]
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let all = wrong(|document| {
        document["guardrail"] = json!("x");
        document["chains"]["completion"] = json!(["no-such-model"]);
    });
    assert_eq!(all, ["chains.completion.0 unknown", "guardrail format"]);
}

#[test]
fn every_feature_may_ask_the_models_of_providers() {
    let mut document = whole();
    document["chains"]["lead_scoring"] = json!(["gpt:90|nova:0:10", "gpt", "rules"]);
    let steps = read(&document).unwrap().chains[&Feature::LeadScoring].clone();
    let texts: Vec<String> = steps.iter().map(ChainStep::text).collect();
    assert_eq!(texts, ["gpt:90|nova:0:10", "gpt", "rules"]);
    // A provider of the document must serve the model.
    document["providers"] = json!([]);
    document["chains"]["completion"] = json!(["nova:0"]);
    let faults = read(&document).unwrap_err();
    let ConfigurationError::Invalid(domain::InvalidFields(faults)) = faults else { panic!("{faults:?}") };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["chains.lead_scoring.0", "chains.lead_scoring.1"]);
}

/// The fields of unknown names, and the configuration without them.
fn deployed(document: &Value) -> Result<(Vec<String>, RuntimeConfiguration), ConfigurationError> {
    let read = RuntimeConfiguration::parse_deployed(document.to_string().as_bytes(), Some(&catalog()));
    read.map(|(read, left_out)| (left_out.into_iter().map(|name| name.field).collect(), read))
}

#[test]
fn names_that_a_function_does_not_know_are_left_out_and_everything_else_holds() {
    let expected = read(&whole()).unwrap();
    let mut document = whole();
    document["chains"]["lead_scoring"] =
        json!(["claude:90|gone:5|nova:0:10", "gone", "titan", "nova:0", "rules"]);
    document["chains"]["completion"] = json!(["gone", "titan", "gpt"]);
    document["chains"]["cooking"] = json!(["nova:0"]);
    document["providers"][0]["models"] = json!(["gone", "gpt", "nova:0"]);
    document["limits"]["cooking"] = json!({"requests": 1, "period_seconds": 1});
    document["from_later_code"] = json!({"on": [true]});
    let (left_out, read) = deployed(&document).unwrap();
    assert_eq!(read, expected);
    assert_eq!(
        left_out,
        [
            "from_later_code",
            "providers.0.models.0",
            "providers.0.models.2",
            "chains.completion.0",
            "chains.completion.1",
            "chains.cooking",
            "chains.lead_scoring.0",
            "chains.lead_scoring.1",
            "chains.lead_scoring.2",
            "limits.cooking",
        ]
    );
    assert_eq!(deployed(&whole()).unwrap(), (vec![], expected));
}

#[test]
fn a_chain_without_a_known_model_is_empty() {
    let mut document = whole();
    document["chains"]["completion"] = json!(["gone:1|titan:1", "gone"]);
    let (left_out, read) = deployed(&document).unwrap();
    assert_eq!(read.chains[&Feature::Completion], []);
    assert_eq!(left_out, ["chains.completion.0", "chains.completion.0", "chains.completion.1"]);
}

#[test]
fn faults_of_the_structure_are_refused_in_a_deployed_document_too() {
    for (pointer, fault) in [
        ("/version", json!(2)),
        ("/chains/completion", json!([])),
        ("/chains/lead_scoring/0", json!("rules")),
        ("/providers/0/base_url", json!("x")),
        ("/guardrail", json!("x")),
        ("/limits/ai_calls/requests", json!(0)),
        ("/flags/new_inbox/owner", json!("")),
        ("/flags/new_inbox/rules/0", json!({"everybody": true, "value": true})),
    ] {
        let mut document = whole();
        *document.pointer_mut(pointer).unwrap() = fault;
        assert!(deployed(&document).is_err(), "{pointer}");
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn value(
    document: &Value,
    organization: OrganizationId,
    tier: SubscriptionTier,
    now: &str,
) -> (FlagValue, bool) {
    let read = read(document).unwrap();
    let flag = &read.flags["new_inbox"];
    let answer = flag.evaluate("new_inbox", &FlagSubject { organization, tier }, at(now));
    (answer.value.clone(), answer.expired)
}

#[test]
fn the_first_rule_that_applies_gives_the_value_until_the_flag_ends() {
    let mut document = whole();
    document["flags"]["new_inbox"]["rules"][2]["percentage"] = json!(0);
    let (on, off) = (FlagValue::Switch(true), FlagValue::Switch(false));
    let (starter, enterprise) = (SubscriptionTier::Starter, SubscriptionTier::Enterprise);
    let before = "2026-12-31T23:59:59.999Z";
    assert_eq!(value(&document, organization(1), starter, before), (on.clone(), false));
    assert_eq!(value(&document, organization(2), enterprise, before), (on, false));
    assert_eq!(value(&document, organization(2), starter, before), (off.clone(), false));
    // Its last day is over.
    assert_eq!(value(&document, organization(1), enterprise, "2027-01-01T00:00:00Z"), (off, true));
}

#[test]
fn a_growing_percentage_reaches_its_share_and_loses_nobody() {
    let on = |flag: &str, percentage: u32| -> Vec<u8> {
        let rule = json!({"percentage": percentage, "value": true});
        let flags = json!({flag: {"owner": "x", "ends": "2026-12-31", "default": false, "rules": [rule]}});
        let mut document = whole();
        document["flags"] = flags;
        let read = read(&document).unwrap();
        let now = at("2026-01-01T00:00:00Z");
        let is_on = |number: &u8| {
            let subject =
                FlagSubject { organization: organization(*number), tier: SubscriptionTier::Starter };
            read.flags[flag].evaluate(flag, &subject, now).value == &FlagValue::Switch(true)
        };
        (0..=255).filter(is_on).collect()
    };
    assert_eq!((on("a", 0).len(), on("a", 100).len()), (0, 256));
    let half = on("a", 50);
    assert!((100..156).contains(&half.len()), "{} of 256", half.len());
    let mut smaller: Vec<u8> = vec![];
    for percentage in 0..=100 {
        let larger = on("a", percentage);
        assert!(smaller.iter().all(|number| larger.contains(number)), "at {percentage}");
        smaller = larger;
    }
    // Another flag reaches other organizations first.
    assert_ne!(half, on("b", 50));
}
