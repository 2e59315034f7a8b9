//! The runtime configuration: the default in the template equals the default in the build, its schema accepts the same
//! documents as functions, and every function that reads it has exactly this permission and alarms.

use crate::arrows::{links, packages};
use crate::gaps::settle;
use crate::schema::faults;
use crate::stacks::{Stack, functions, stacks};
use crate::tree::{pascal, read, read_json};
use domain::configuration::RuntimeConfiguration;
use serde_json::{Value, json};

const DEFAULT: &str = "infra/configuration.default.json";
const SCHEMA: &str = "infra/configuration.schema.json";
/// The most characters of a validator.
const LONGEST_VALIDATOR: usize = 32_768;

fn stack() -> &'static Stack {
    stacks().iter().find(|stack| stack.name == "configuration").expect("infra/configuration.yaml")
}

fn properties(id: &str) -> &'static Value {
    &stack().template["Resources"][id]["Properties"]
}

#[test]
fn the_template_deploys_the_default_and_the_schema_of_the_files() {
    assert_eq!(properties("DefaultVersion")["Content"], read(DEFAULT));
    let validator = &properties("RuntimeProfile")["Validators"][0];
    assert_eq!((&validator["Type"], &validator["Content"]), (&json!("JSON_SCHEMA"), &json!(read(SCHEMA))));
    assert!(read(SCHEMA).len() <= LONGEST_VALIDATOR);
    // Another version would replace the operators' document.
    assert_eq!(properties("FirstDeployment")["ConfigurationVersion"], "1");
    assert_eq!(properties("LiveEnvironment")["Monitors"].as_array().unwrap().len(), 3);
}

/// Names of models are checked in registry.rs.
fn is_taken(document: &Value) -> bool {
    RuntimeConfiguration::parse(document.to_string().as_bytes(), None).is_ok()
}

#[test]
fn the_schema_takes_what_functions_take() {
    let schema = read_json(SCHEMA);
    let default = read_json(DEFAULT);
    assert!(is_taken(&default) && faults(&schema, &default).is_empty());
    let organization = "org_01jd2wzq4sf1a6p8d2y7b9t3ge";
    let flag = json!({
        "owner": "sales", "ends": "2027-03-31", "default": "a",
        "rules": [{"organizations": [organization], "value": "b"}, {"tiers": ["starter"], "value": "b"}, {"percentage": 5, "value": "c"}]
    });
    let provider = json!({
        "name": "openai", "base_url": format!("https://models.example/{}", "a".repeat(500)),
        "secret": "sextant-production-provider-openai", "models": ["gpt-4o-mini"]
    });
    let with_input_types = json!({
        "name": "own", "base_url": "http://models.example/v1", "models": ["self-hosted-embeddings"],
        "input_types": {"document": "passage", "query": "retrieval.query"}
    });
    for (member, good) in [
        ("guardrail", json!("gr4x7:3")),
        ("list_shards", json!({organization: 64})),
        ("fine_tuning", json!(true)),
        (
            "limits",
            json!({"ai_calls": {"requests": 5, "period_seconds": 60}, "lead_scores": {"requests": 5, "period_seconds": 60}, "fine_tunes": {"requests": 1, "period_seconds": 86400}}),
        ),
        ("flags", json!({"f": flag})),
        ("providers", json!([provider, with_input_types])),
    ] {
        let mut document = default.clone();
        document[member] = good;
        assert_eq!(faults(&schema, &document), Vec::<String>::new(), "{member}");
        assert!(is_taken(&document), "{member}");
    }
    for (pointer, wrong) in [
        ("/version", json!(2)),
        ("/chains", json!({"embedding": ["x"], "lead_scoring": ["rules"], "completion": ["x"]})),
        ("/chains", json!({"lead_scoring": ["rules"]})),
        ("/chains/completion", json!([])),
        ("/guardrail", json!("x")),
        ("/list_shards", json!({organization: 65})),
        ("/limits", json!({"reads": {"requests": 1, "period_seconds": 1}})),
        ("/flags", json!({"f": {"owner": "x", "default": true}})),
        ("/flags", json!({"f": {"ends": "2027-01-01", "default": true}})),
        ("/providers", json!([{"name": "x", "base_url": "x", "models": ["y"]}])),
        ("/providers", json!([{"name": "x", "base_url": "https://x", "secret": "x", "models": ["y"]}])),
        (
            "/providers",
            json!([{"name": "x", "base_url": "https://x", "models": ["y"], "input_types": {"query": "query"}}]),
        ),
        (
            "/providers",
            json!([{"name": "x", "base_url": "https://x", "models": ["y"], "input_types": {"document": "a b", "query": "q"}}]),
        ),
    ] {
        let mut document = default.clone();
        *document.pointer_mut(pointer).unwrap() = wrong.clone();
        assert!(!faults(&schema, &document).is_empty(), "the schema takes {pointer} {wrong}");
        assert!(!is_taken(&document), "functions take {pointer} {wrong}");
    }
}

/// The log lines of functions about their configuration, with the metric that counts each.
const TOLD: [(&str, &str); 4] = [
    ("configuration_refused", "ConfigurationRefused"),
    ("configuration_default", "ConfigurationDefault"),
    ("configuration_unreachable", "ConfigurationUnreachable"),
    ("configuration_unknown_names", "ConfigurationUnknownNames"),
];

/// The statements of a role's own policies.
fn statements(role: &Value) -> impl Iterator<Item = &Value> {
    let policies = role["Properties"]["Policies"].as_array().into_iter().flatten();
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().into_iter().flatten())
}

#[test]
fn who_reads_the_configuration_may_read_it_and_is_watched() {
    let mut wrong = Vec::new();
    let mut readers = 0;
    let packages = packages();
    for function in functions() {
        let id = pascal(&function.name);
        let resources = &function.stack.template["Resources"];
        let may = statements(&resources[format!("{id}Role")]).any(|statement| {
            *statement
                == json!({
                    "Effect": "Allow",
                    "Action": ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
                    "Resource": {"Ref": "ConfigurationArn"},
                })
        });
        let reads = links(&packages, &function.name, "adapter-appconfig");
        let variable = &function.properties["Environment"]["Variables"]["CONFIGURATION"];
        let told = *variable == json!({"Fn::Sub": "sextant-${Environment}"});
        if (reads, reads) != (may, told) {
            wrong.push(format!("{}: reads {reads}, may {may}, is told {told}", function.name));
        }
        readers += usize::from(reads);
        for (field, metric) in TOLD.iter().filter(|_| reads) {
            let filter = &resources[format!("{id}{metric}")]["Properties"];
            let counts = filter["FilterPattern"] == format!("{{ $.{field} > 0 }}")
                && filter["MetricTransformations"][0]["MetricName"] == *metric;
            if !counts {
                wrong.push(format!("{}: nobody counts {field}", function.name));
            }
        }
    }
    for (_, metric) in TOLD {
        if !stack()
            .resources("AWS::CloudWatch::Alarm")
            .any(|(_, alarm)| alarm["Properties"]["MetricName"] == metric)
        {
            wrong.push(format!("nobody is told of {metric}"));
        }
    }
    assert!(readers > 0);
    settle("configuration", wrong);
}
