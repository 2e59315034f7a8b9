//! Rules for every template: CloudFormation accepts it, a failed deployment leaves nothing behind, and a second region
//! or a hundred functions remain possible.

use crate::gaps::settle;
use crate::stacks::{functions, stacks, template};
use crate::tree::{kebab, read};
use serde_json::{Value, json};

/// Every template with its loops unrolled and its includes in their places.
fn templates() -> Vec<(String, Value)> {
    let mut templates = vec![("template.yaml".to_owned(), template("template.yaml"))];
    for stack in stacks() {
        templates.push((format!("infra/{}.yaml", stack.name), stack.template.clone()));
    }
    for (_, template) in &mut templates {
        include(template);
    }
    templates
}

/// Inserts the contract where a template includes it, as `cargo xtask build` writes it.
fn include(value: &mut Value) {
    if value["Fn::Transform"]["Name"] == "AWS::Include" {
        assert_eq!(value["Fn::Transform"]["Parameters"]["Location"], "../target/contract/openapi.json");
        let contract = openapi::gateway_document(&read("infra/openapi.yaml")).unwrap();
        *value = serde_json::from_str(&contract).unwrap();
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(include),
        Value::Array(items) => items.iter_mut().for_each(include),
        _ => {}
    }
}

/// Calls `look` with every value below a value, and its place.
fn walk(place: &str, value: &Value, look: &mut dyn FnMut(&str, &Value)) {
    look(place, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| walk(&format!("{place}/{key}"), value, look));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(number, value)| walk(&format!("{place}/{number}"), value, look));
        }
        _ => {}
    }
}

#[test]
fn no_template_has_a_null() {
    let mut wrong = Vec::new();
    let mut operations = 0;
    for (name, template) in templates() {
        walk(&name, &template, &mut |place, value| {
            operations += usize::from(value.get("operationId").is_some());
            if value.is_null() {
                wrong.push(place.to_owned());
            }
        });
    }
    assert!(operations > 30, "the contract is included: {operations}");
    settle("nulls", wrong);
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing_behind() {
    let mut wrong = Vec::new();
    let mut kept = 0;
    for stack in stacks() {
        for (id, resource) in stack.resources("") {
            let policies = (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]);
            if policies == (&Value::Null, &Value::Null) {
                continue;
            }
            kept += 1;
            if policies != (&json!("RetainExceptOnCreate"), &json!("Retain")) {
                wrong.push(format!("{} {id}", stack.name));
            }
        }
    }
    assert!(kept >= 9, "{kept}");
    settle("retained", wrong);
}

#[test]
fn keys_and_tables_can_have_replicas_in_other_regions() {
    let mut wrong = Vec::new();
    let (mut keys, mut tables) = (0, 0);
    for stack in stacks() {
        for (id, key) in stack.resources("AWS::KMS::Key") {
            keys += 1;
            if key["Properties"]["MultiRegion"] != true {
                wrong.push(format!("{} {id} is a key of one region", stack.name));
            }
        }
        for (id, _) in stack.resources("AWS::DynamoDB::Table") {
            wrong.push(format!("{} {id} is a table of one region", stack.name));
        }
        for (id, table) in stack.resources("AWS::DynamoDB::GlobalTable") {
            tables += 1;
            let properties = &table["Properties"];
            let named = kebab(id.strip_suffix("Table").unwrap());
            // Replicas have the name of the table.
            if properties["TableName"]["Fn::Sub"] != format!("sextant-${{Environment}}-{named}") {
                wrong.push(format!("{} {id} is called {}", stack.name, properties["TableName"]));
            }
            let replicates = |stream: &Value| stream["StreamViewType"] == "NEW_AND_OLD_IMAGES";
            if !properties.get("StreamSpecification").is_none_or(replicates) {
                wrong.push(format!("{} {id} has a stream that can't replicate", stack.name));
            }
            if properties["Replicas"][0]["Region"] != json!({"Ref": "AWS::Region"}) {
                wrong.push(format!("{} {id} has no replica here", stack.name));
            }
        }
    }
    assert_eq!((keys, tables), (4, 3));
    settle("regions", wrong);
}

#[test]
fn arns_name_partition_region_and_account() {
    let mut wrong = Vec::new();
    let mut arns = 0;
    for (name, template) in templates() {
        walk(&name, &template, &mut |place, value| {
            let Some(arn) = value.as_str().filter(|text| text.starts_with("arn:")) else { return };
            // Colons inside references do not separate parts.
            let spelled = arn.replace("AWS::", "");
            let parts: Vec<&str> = spelled.splitn(6, ':').collect();
            arns += 1;
            let anywhere = parts.iter().skip(3).take(2).any(|part| *part == "*");
            let models = arn == "arn:${AWS::Partition}:bedrock:*::foundation-model/*";
            if parts.len() < 6 || parts[1] != "${Partition}" || (anywhere && !models) {
                wrong.push(format!("{place}: {arn}"));
            }
        });
    }
    assert!(arns > 150, "{arns}");
    settle("arns", wrong);
}

#[test]
fn roles_name_the_indexes_that_they_query() {
    let mut wrong = Vec::new();
    let mut queried = 0;
    for (name, template) in templates() {
        walk(&name, &template, &mut |place, value| {
            let Some((_, index)) = value.as_str().and_then(|text| text.split_once("/index/")) else { return };
            queried += 1;
            let data = stacks().iter().find(|stack| stack.name == "data").unwrap();
            let known = data.resources("AWS::DynamoDB::GlobalTable").any(|(_, table)| {
                let indexes = table["Properties"].get("GlobalSecondaryIndexes").and_then(Value::as_array);
                indexes.is_some_and(|indexes| indexes.iter().any(|known| known["IndexName"] == index))
            });
            if !known {
                wrong.push(format!("{place}: {index}"));
            }
        });
    }
    assert!(queried > 4, "{queried}");
    settle("indexes", wrong);
}

/// A function is named in its stack and in the contract. A third place would be touched by each route.
#[test]
fn functions_are_named_in_their_stack_and_in_the_contract_only() {
    let mut wrong = Vec::new();
    for place in ["template.yaml", "infra/api.yaml", "infra/data.yaml"] {
        let text = read(place);
        for function in functions() {
            for name in [function.logical_id.to_owned(), format!("-{}", function.name)] {
                if text.contains(&name) {
                    wrong.push(format!("{place}: {name}"));
                }
            }
        }
    }
    for stack in stacks().iter().filter(|stack| stack.resources("AWS::Serverless::Function").next().is_some())
    {
        for part in ["Outputs", "Mappings"] {
            if stack.template.get(part).is_some() {
                wrong.push(format!("{} has {part}", stack.name));
            }
        }
    }
    settle("names", wrong);
}

/// The loop over the functions of a stack is written in each stack, because templates can't share it; it must be the
/// same in all.
#[test]
fn every_stack_treats_its_functions_alike() {
    let mut loops = Vec::new();
    for (context, _) in crate::tree::function_folders() {
        let stack = read(&format!("infra/{context}.yaml"));
        let from = stack.find("  # The functions of this stack.").expect("a loop over the functions");
        let text = &stack[from..];
        // The text without the list itself.
        let (before, rest) = text.split_once("    - [").expect("a list");
        let (_, after) = rest.split_once("]\n").expect("the end of the list");
        loops.push((context, before.to_owned(), after.to_owned()));
    }
    let (_, before, after) = loops.first().expect("a stack").clone();
    for (context, other_before, other_after) in loops {
        assert_eq!((&other_before, &other_after), (&before, &after), "infra/{context}.yaml");
    }
}

#[test]
fn no_environment_variable_holds_a_secret() {
    let mut wrong = Vec::new();
    for (name, template) in templates() {
        walk(&name, &template, &mut |place, value| {
            if value.as_str().is_some_and(|text| text.contains("{{resolve:secretsmanager")) {
                wrong.push(place.to_owned());
            }
        });
    }
    assert!(wrong.is_empty(), "functions read secrets themselves: {wrong:#?}");
}
