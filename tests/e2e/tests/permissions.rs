//! The roles of the functions: their policies are narrow, and a function that tries more is refused. The credentials
//! are those of the running functions.

use crate::shared;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::SigningAlgorithmSpec;
use e2e_tests::{Aws, Client, FunctionProcess, Queue, soon, table};
use serde_json::Value;
use std::collections::BTreeSet;

/// Actions that IAM can't limit to a resource.
const WITHOUT_RESOURCE: [&str; 4] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "dynamodb:ListStreams",
    "bedrock:ListModelInvocationJobs",
];

#[test]
fn no_role_may_do_everything_or_touch_everything() {
    let roles = Aws::iam("ListRoles", &[("MaxItems", "1000")], "RoleName");
    let ours: BTreeSet<&String> = roles.iter().filter(|role| role.starts_with("sextant-local-")).collect();
    assert!(ours.len() >= 25, "a role for each function and one for the API: {}", ours.len());
    for role in ours {
        if role.contains("ApiGatewayLogRole") {
            // The only role for which AWS prescribes a managed policy.
            continue;
        }
        assert!(
            Aws::iam("ListAttachedRolePolicies", &[("RoleName", role)], "PolicyArn").is_empty(),
            "{role}"
        );
        let trusted = &Aws::iam("GetRole", &[("RoleName", role)], "AssumeRolePolicyDocument")[0];
        for trust in list(&document(trusted)["Statement"]) {
            let service = trust["Principal"]["Service"].as_str().unwrap_or_default();
            // Bedrock takes on its roles for the training and batch jobs of this account only.
            let trains = service == "bedrock.amazonaws.com"
                && (role.contains("TrainingRole") || role.contains("BatchInferenceRole"))
                && trust["Condition"]["StringEquals"]["aws:SourceAccount"].is_string();
            // AppConfig looks at the alarms that roll a deployment of configuration back.
            let monitors = service == "appconfig.amazonaws.com" && role.contains("MonitorRol");
            assert!(
                trains || monitors || ["lambda.amazonaws.com", "apigateway.amazonaws.com"].contains(&service),
                "{role}: {trust}"
            );
        }
        let policies = Aws::iam("ListRolePolicies", &[("RoleName", role)], "member");
        assert!(!policies.is_empty(), "{role} may do nothing at all");
        for policy in policies {
            let parameters = [("RoleName", role.as_str()), ("PolicyName", &policy)];
            let text = &Aws::iam("GetRolePolicy", &parameters, "PolicyDocument")[0];
            list(&document(text)["Statement"]).iter().for_each(|statement| check(role, statement));
        }
    }
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// IAM writes a single value and a list in different ways.
fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// The ends of names of resources that fine-tuning and batches make or use.
const MADE_LATER: [&str; 19] = [
    "/jobs/*/*.jsonl",
    "/jobs/*/parts/*",
    "/jobs/*",
    "-audit-checkpoints-000000000000-us-east-1/*",
    "/batches/*/input.jsonl",
    "/batches/*/output.jsonl",
    "/batches/*/errors.jsonl",
    "/batches/*/chunks/*",
    "/batches/*/provider/*.jsonl",
    "/batches/*/provider/records.jsonl",
    "/batches/*/provider/results/*",
    ":model-invocation-job/*",
    ":inference-profile/*",
    "/fine-tunes/*/training.jsonl",
    "/fine-tunes/*/output/*",
    ":model-customization-job/*",
    ":custom-model/*",
    ":custom-model-deployment/*",
    ":foundation-model/amazon.nova-*",
];

fn check(role: &str, statement: &Value) {
    assert_eq!(statement["Effect"], "Allow", "{role}: {statement}");
    assert!(
        statement.get("NotAction").is_none() && statement.get("NotResource").is_none(),
        "{role}: {statement}"
    );
    let actions = list(&statement["Action"]);
    let without_resource =
        actions.iter().all(|action| WITHOUT_RESOURCE.contains(&action.as_str().unwrap_or_default()));
    for action in &actions {
        assert!(!action.as_str().unwrap().contains('*'), "{role}: {action}");
    }
    for resource in list(&statement["Resource"]) {
        let resource = resource.as_str().unwrap();
        if resource == "*" {
            assert!(without_resource, "{role}: {statement}");
            continue;
        }
        assert!(resource.starts_with("arn:aws:"), "{role}: {resource}");
        // A wildcard stands for the streams of a named log group, for the functions that the gateway may invoke in this
        // environment, for stored failed batches, for models under the condition of named profiles, for what operators name in
        // the configuration (the secrets of providers and a guardrail), for the alarms of the configuration, or for the
        // addresses of the domain that sends mails.
        let models =
            resource == "arn:aws:bedrock:*::foundation-model/*" && statement["Condition"].is_object();
        // Training files, files of batches and results have names that are not known at the deployment.
        let named = MADE_LATER.iter().fold(resource, |resource, end| resource.trim_end_matches(end));
        let named = named.trim_end_matches(":*");
        let gateway = role.ends_with("-api") && resource.ends_with(":function:sextant-local-*:live");
        let failures = resource.ends_with(":::sextant-local-relay-failures-000000000000-us-east-1/*");
        let configured =
            [":secret:sextant-local-provider-*", ":guardrail/*", ":alarm:sextant-local-configuration-*"]
                .iter()
                .any(|end| resource.ends_with(end));
        let senders = resource.contains(":identity/*@");
        assert!(
            models || gateway || failures || configured || senders || !named.contains('*'),
            "{role}: {resource}"
        );
    }
}

/// An attempt of a function. Each is harmless when it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    ReadState,
    ScanState,
    ReadLedger,
    DeleteFromLedger,
    SignToken,
    Publish,
    SendToQueue,
}

const DEEDS: [Deed; 7] = [
    Deed::ReadState,
    Deed::ScanState,
    Deed::ReadLedger,
    Deed::DeleteFromLedger,
    Deed::SignToken,
    Deed::Publish,
    Deed::SendToQueue,
];

#[test]
fn a_function_can_do_its_work_and_nothing_else() {
    // Each function has run once, so each has a process with the credentials of its role.
    let organization = shared();
    let lead = organization.create_lead("Permitted Ltd");
    organization.admin.get(&format!("/v1/leads/{}", lead["id"].as_str().unwrap())).expect(200);
    Client::anonymous().get("/docs").expect(200);

    let may = |function: &str, deeds: &[Deed]| {
        let process = soon("the function runs", || FunctionProcess::all_of(function).into_iter().next());
        let done: Vec<Deed> = DEEDS.into_iter().filter(|deed| is_allowed(&process, *deed)).collect();
        assert_eq!(done, deeds, "{function}");
    };
    may("get-lead", &[Deed::ReadState]);
    // Only a sign-in signs tokens; only the relay writes to the bus; no function deletes from the ledger.
    may("login", &[Deed::ReadState, Deed::SignToken]);
    may("create-lead", &[Deed::ReadState, Deed::ReadLedger]);
    may("relay-events", &[Deed::Publish]);
    may("record-audit", &[Deed::ReadState]);
    // On AWS the role reaches only the records of API keys; the emulator does not know the condition key of that limit.
    may("authorize-request", &[Deed::ReadState]);
    may("get-api-docs", &[]);
}

/// Whether the function's credentials suffice; any result other than success and refusal fails the test.
fn is_allowed(process: &FunctionProcess, deed: Deed) -> bool {
    let credential = |name| process.variable(name).unwrap_or_else(|| panic!("a process without {name}"));
    let config = Aws::config(
        credential("AWS_ACCESS_KEY_ID"),
        credential("AWS_SECRET_ACCESS_KEY"),
        Some(credential("AWS_SESSION_TOKEN")),
    );
    let nobody = || AttributeValue::S("nobody".to_owned());
    let code = Aws::run(async {
        let tables = aws_sdk_dynamodb::Client::new(&config);
        match deed {
            Deed::ReadState => {
                let get = tables.get_item().table_name(table("state"));
                code(get.key("pk", nobody()).key("sk", nobody()).send().await)
            }
            Deed::ScanState => code(tables.scan().table_name(table("state")).limit(1).send().await),
            Deed::ReadLedger => {
                let query = tables.query().table_name(table("ledger")).key_condition_expression("pk = :pk");
                code(query.expression_attribute_values(":pk", nobody()).send().await)
            }
            Deed::DeleteFromLedger => {
                let delete = tables.delete_item().table_name(table("ledger")).key("pk", nobody());
                code(delete.key("sk", AttributeValue::N("1".to_owned())).send().await)
            }
            Deed::SignToken => {
                let sign = aws_sdk_kms::Client::new(&config).sign().key_id(token_key());
                let sign = sign.signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256);
                code(sign.message(Blob::new("nothing")).send().await)
            }
            Deed::Publish => {
                let event = PutEventsRequestEntry::builder().event_bus_name("sextant-local");
                // No rule selects it.
                let event = event.source("test").detail_type("nothing").detail("{}").build();
                code(aws_sdk_eventbridge::Client::new(&config).put_events().entries(event).send().await)
            }
            Deed::SendToQueue => {
                let send =
                    aws_sdk_sqs::Client::new(&config).send_message().message_body("not for this queue");
                code(send.queue_url(Queue::named("record-audit").url()).send().await)
            }
        }
    });
    match code {
        None => true,
        Some(code) if code.starts_with("AccessDenied") => false,
        Some(other) => panic!("{deed:?}: {other}"),
    }
}

/// The error's code, if there is an error.
fn code<T, E: ProvideErrorMetadata>(result: Result<T, E>) -> Option<String> {
    result.err().map(|error| error.code().unwrap_or("no code").to_owned())
}

/// The key that signs tokens, in the form in which a verifier knows it.
fn token_key() -> String {
    let verifier = FunctionProcess::all_of("authorize-request");
    let keys = verifier[0].variable("TOKEN_KEY_IDS").unwrap();
    keys.split(',').next().unwrap().to_owned()
}
