//! The permissions in the stacks: never everything.

use crate::gaps::settle;
use crate::stacks::stacks;
use serde_json::Value;

/// Actions that IAM can't narrow to a resource.
const WITHOUT_RESOURCE: [&str; 4] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    // Its resource type is the table's streams, which have no name before the table exists.
    "dynamodb:ListStreams",
    // Jobs are found by a part of their name.
    "bedrock:ListModelInvocationJobs",
];

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

/// Every statement below a value.
fn statements<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("Effect") {
                found.push(value);
            }
            members.values().for_each(|value| statements(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| statements(value, found)),
        _ => {}
    }
}

#[test]
fn nobody_may_do_everything() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for stack in stacks() {
        for (id, resource) in stack.resources("") {
            let mut found = Vec::new();
            statements(&resource["Properties"], &mut found);
            seen += found.len();
            // In a key's policy, `*` means that key alone.
            let is_key = resource["Type"] == "AWS::KMS::Key";
            for statement in found.into_iter().filter(|statement| statement["Effect"] == "Allow") {
                let actions = texts(&statement["Action"]);
                let all = actions.iter().any(|action| action.ends_with('*'));
                if !is_key
                    && (all || statement.get("NotAction").is_some() || statement.get("NotResource").is_some())
                {
                    wrong.push(format!("{} {id} allows {actions:?}", stack.name));
                }
                let everywhere = texts(&statement["Resource"]).contains(&"*");
                let narrow = actions.iter().all(|action| WITHOUT_RESOURCE.contains(action));
                if !is_key && everywhere && !narrow {
                    wrong.push(format!("{} {id} allows {actions:?} everywhere", stack.name));
                }
                let anybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
                // IAM decides about principals of this account.
                let own_account = serde_json::json!({"Ref": "AWS::AccountId"});
                let ours = statement["Condition"]["StringEquals"]["kms:CallerAccount"] == own_account;
                if anybody && !ours {
                    wrong.push(format!("{} {id} allows anybody {actions:?}", stack.name));
                }
            }
            if resource["Properties"].to_string().contains("AdministratorAccess") {
                wrong.push(format!("{} {id} is an administrator", stack.name));
            }
        }
    }
    assert!(seen > 50, "statements are written in a way this test does not read: {seen}");
    settle("permissions", wrong);
}

/// A function may use the customer key itself only for an organization's key, and only AWS services may have grants.
#[test]
fn keys_are_used_for_what_they_are_given_for() {
    let mut wrong = Vec::new();
    let mut uses = 0;
    for stack in stacks() {
        for (id, resource) in stack.resources("") {
            let mut found = Vec::new();
            statements(&resource["Properties"], &mut found);
            for statement in found.into_iter().filter(|statement| statement["Effect"] == "Allow") {
                let actions = texts(&statement["Action"]);
                let condition = &statement["Condition"];
                let unwraps = actions.iter().any(|it| ["kms:Decrypt", "kms:GenerateDataKey"].contains(it));
                if resource["Type"] == "AWS::IAM::Role" && unwraps {
                    uses += 1;
                    // A data key of an organization, or the secret of an authenticator app.
                    let contexts =
                        ["tenant", "second_factor_of"].map(|name| format!("kms:EncryptionContext:{name}"));
                    if contexts.iter().all(|context| condition["StringLike"][context] != "org_*") {
                        wrong.push(format!("{} {id} unwraps any key", stack.name));
                    }
                }
                let grants = actions.contains(&"kms:CreateGrant");
                if grants && (actions.len() > 1 || condition["Bool"]["kms:GrantIsForAWSResource"] != "true") {
                    wrong.push(format!("{} {id} grants to anybody", stack.name));
                }
            }
        }
    }
    assert!(uses >= 5, "{uses}");
    settle("keys", wrong);
}

#[test]
fn data_is_kept_encrypted_and_recoverable() {
    let data = stacks().iter().find(|stack| stack.name == "data").expect("infra/data.yaml");
    let mut wrong = Vec::new();
    let mut tables = 0;
    for (id, table) in data.resources("AWS::DynamoDB::GlobalTable") {
        tables += 1;
        let text = table["Properties"].to_string();
        for (what, right) in [
            ("billing", table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"),
            ("recovery", text.contains("\"PointInTimeRecoveryEnabled\":true")),
            ("encryption", text.contains("\"SSEEnabled\":true") && text.contains("\"SSEType\":\"KMS\"")),
            ("key", text.contains("\"KMSMasterKeyId\":{\"Fn::GetAtt\":\"DataKey.Arn\"}")),
        ] {
            if !right {
                wrong.push(format!("{id}: {what}"));
            }
        }
    }
    assert_eq!(tables, 3);
    settle("tables", wrong);
}

/// A function that applies a guardrail converses with models, so an organization's fine-tuned model may be the one.
#[test]
fn who_converses_with_models_may_ask_fine_tuned_ones() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for stack in stacks() {
        for (id, resource) in stack.resources("AWS::IAM::Role") {
            let mut found = Vec::new();
            statements(&resource["Properties"], &mut found);
            if !found.iter().any(|statement| texts(&statement["Action"]).contains(&"bedrock:ApplyGuardrail"))
            {
                continue;
            }
            seen += 1;
            let asks = found.iter().any(|statement| {
                texts(&statement["Action"]).contains(&"bedrock:InvokeModel")
                    && statement["Resource"].to_string().contains(":custom-model-deployment/*")
            });
            if !asks {
                wrong.push(format!("{} {id}", stack.name));
            }
        }
    }
    assert!(seen >= 7, "{seen}");
    settle("no fine-tuned models", wrong);
}
