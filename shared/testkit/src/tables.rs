//! The three tables as the template defines them, so that no test passes on a table that is never deployed.

use adapter_dynamodb::Tables;
use dynoxide::Database;
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;

const TEMPLATE: &str = include_str!("../../../infra/data.yaml");

/// The names of the tables in tests: their logical ids in the template.
pub(crate) fn names() -> Tables {
    Tables {
        ledger: "LedgerTable".to_owned(),
        state: "StateTable".to_owned(),
        ephemeral: "EphemeralTable".to_owned(),
    }
}

/// Creates the template's tables. TTL stays off, so that expired items are still there: DynamoDB keeps them for hours,
/// too, and that is the harder case.
pub(crate) fn create_tables(database: &Database) {
    let template: Yaml = serde_yaml_ng::from_str(TEMPLATE).expect("infra/data.yaml is YAML");
    let Tables { ledger, state, ephemeral } = names();
    for name in [ledger, state, ephemeral] {
        let properties = plain(&template["Resources"][name.as_str()]["Properties"]);
        let mut request = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST"});
        for property in ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"] {
            if let Some(value) = properties.get(property) {
                request[property] = value.clone();
            }
        }
        if let Some(stream) = properties.get("StreamSpecification") {
            request["StreamSpecification"] = stream.clone();
            request["StreamSpecification"]["StreamEnabled"] = Value::Bool(true);
        }
        let request = serde_json::from_value(request).expect("a table definition");
        database.create_table(request).expect("a table");
    }
}

/// Removes CloudFormation's tags from YAML.
fn plain(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => plain(&tagged.value),
        Yaml::Mapping(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.as_str().unwrap_or_default().to_owned(), plain(value)))
                .collect(),
        ),
        Yaml::Sequence(values) => values.iter().map(plain).collect(),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}
