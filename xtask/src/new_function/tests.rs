//! Every kind of trigger, generated into a copy of the tree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod refusals;

use super::{NewFunctionOptions, Written, generate};
use crate::environment::root;
use crate::error::Error;
use serde_yaml_ng::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A copy of the tree, removed at the end.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Self {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let copy =
            Self(std::env::temp_dir().join(format!("sextant-new-function-{}-{number}", std::process::id())));
        for part in [
            "Cargo.toml",
            "Cargo.lock",
            "template.yaml",
            "infra",
            "events",
            "tests/authorization.yaml",
            "tests/api/Cargo.toml",
            "tests/api/src/routes.rs",
        ] {
            copy_into(&root().join(part), &copy.0.join(part));
        }
        for context in fs::read_dir(root().join("functions")).unwrap() {
            fs::create_dir_all(copy.0.join("functions").join(context.unwrap().file_name())).unwrap();
        }
        copy
    }

    fn generate(&self, arguments: [&str; 3]) -> Result<Written, Error> {
        self.generate_in(arguments, None)
    }

    fn generate_in(
        &self,
        [context, name, trigger]: [&str; 3],
        new_context: Option<&str>,
    ) -> Result<Written, Error> {
        let options = NewFunctionOptions {
            context: context.to_owned(),
            name: name.to_owned(),
            trigger: trigger.to_owned(),
            new_context: new_context.map(str::to_owned),
        };
        generate(&self.0, &options)
    }

    /// Generates, and checks everything that holds for every function.
    fn write(&self, arguments: [&str; 3], pascal: &str) -> Written {
        let before = self.files();
        let written = self.generate(arguments).unwrap();
        self.assert_only_added(&before);
        let [context, name, _] = arguments;
        for entry in fs::read_dir(self.0.join("infra")).unwrap() {
            self.yaml(&format!("infra/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
        self.yaml("template.yaml");
        let stack = self.yaml(&format!("infra/{context}.yaml"));
        for kind in ["Function", "Role"] {
            assert!(stack["Resources"][format!("{pascal}{kind}").as_str()].is_mapping(), "{pascal}{kind}");
        }
        assert_eq!(loop_of(&stack, "Functions").last(), Some(&pascal));
        let code = &stack["Resources"][format!("{pascal}Function").as_str()]["Properties"]["CodeUri"];
        assert_eq!(code, format!("../target/lambda/{name}/bootstrap.zip").as_str());
        for file in ["Cargo.toml", "src/lib.rs", "src/main.rs"] {
            assert!(!self.read(&format!("functions/{context}/{name}/{file}")).is_empty());
        }
        assert!(self.read("Cargo.lock").contains(&format!("[[package]]\nname = \"{name}\"\n")));
        self.json(&format!("events/{context}/{name}.json"));
        written
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn yaml(&self, path: &str) -> Value {
        serde_yaml_ng::from_str(&self.read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every file with its text.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        collect(&self.0, &mut files);
        files
    }

    /// Checks that every old line is still there, in its order, except for lists that got longer.
    fn assert_only_added(&self, before: &BTreeMap<PathBuf, String>) {
        for (path, old) in before {
            let new = fs::read_to_string(path).unwrap();
            let mut lines = new.lines();
            // A long list goes on in lines with an odd margin.
            let goes_on = |line: &str| line.starts_with("       ") && !line.starts_with("        ");
            let is_list = |line: &str| {
                line.starts_with("    - [") || line.starts_with("    DependsOn: [") || goes_on(line)
            };
            for line in old.lines().filter(|line| !is_list(line)) {
                assert!(lines.any(|other| other == line), "{}: lost or moved: {line}", path.display());
            }
        }
    }

    /// Checks that a refusal changes nothing, and that its error contains this text.
    fn assert_refused(&self, arguments: [&str; 3], because: &str) {
        let before = self.files();
        let error = self.generate(arguments).unwrap_err().to_string();
        assert!(error.contains(because), "{arguments:?}: {error}");
        assert_eq!(self.files(), before, "{arguments:?}");
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_into(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy_into(&from.join(&name), &to.join(&name));
        }
        return;
    }
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
}

/// The list of a template's loop.
fn loop_of<'a>(template: &'a Value, name: &str) -> Vec<&'a str> {
    let list = &template["Resources"][format!("Fn::ForEach::{name}").as_str()][1];
    list.as_sequence().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

/// The text of a `!Tag value`.
fn tagged(value: &Value) -> String {
    let Value::Tagged(tagged) = value else { panic!("{value:?}") };
    format!("{} {}", tagged.tag, tagged.value.as_str().unwrap())
}

#[test]
fn a_route_is_everywhere_it_must_be() {
    let copy = Copy::new();
    let written = copy.write(["sales", "export-leads", "http:GET:/v1/leads/export"], "ExportLeads");
    assert_eq!(
        written.files.iter().filter(|file| file.starts_with("new ")).count(),
        4,
        "{:?}",
        written.files
    );
    let operation = &copy.yaml("infra/openapi.yaml")["paths"]["/v1/leads/export"]["get"];
    assert_eq!(operation["operationId"], "exportLeads");
    assert_eq!(
        (&operation["tags"][0], &operation["x-sextant-own"][0]),
        (&"sales".into(), &"sales_rep".into())
    );
    let uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].as_str().unwrap();
    assert!(uri.contains(":function:sextant-${Environment}-export-leads:live/"), "{uri}");
    let row = &copy.yaml("tests/authorization.yaml")["exportLeads"];
    assert_eq!((&row["permission"], &row["manager"]), (&"lead:read".into(), &"tenant".into()));
    // The function is found by its name, so no other file changes.
    let changed: Vec<&String> = written.files.iter().filter(|file| file.starts_with("changed ")).collect();
    assert!(!changed.iter().any(|file| file.contains("template.yaml") || file.contains("infra/api.yaml")));
    assert!(
        copy.read("tests/api/src/routes.rs")
            .contains("(\"exportLeads\", counted_read(parts, export_leads::ExportLeads)),")
    );
    let manifest = copy.read("functions/sales/export-leads/Cargo.toml");
    assert!(manifest.contains("application-core.workspace = true\napplication-sales.workspace = true\n"));
    assert_eq!(manifest.matches("application-").count(), 2, "{manifest}");
    // The route declares its permission and its limit, and its refusals are recorded.
    let lib = copy.read("functions/sales/export-leads/src/lib.rs");
    assert!(lib.contains("type Permission = ReadLeads;\n    type Limit = ReadLimit;"), "{lib}");
    let main = copy.read("functions/sales/export-leads/src/main.rs");
    assert!(main.contains("Authorized::new(ExportLeads, store, base.read_limit()?)"), "{main}");
    let stack = copy.read("infra/sales.yaml");
    let role =
        &stack[stack.find("  ExportLeadsRole:").unwrap()..stack.find("  Fn::ForEach::Functions:").unwrap()];
    for (table, actions) in
        [("ledger", "dynamodb:PutItem"), ("ephemeral", "dynamodb:PutItem, dynamodb:UpdateItem")]
    {
        let table = format!(":table/sextant-${{Environment}}-{table}\n");
        let (before, _) = role.split_once(&table).expect("the table");
        let actions = format!("Action: [{actions}]");
        assert!(before.lines().rev().nth(1).unwrap().ends_with(&actions), "{role}");
    }
    let sample = copy.json("events/sales/export-leads.json");
    assert_eq!(sample["path"], "/v1/leads/export");
    let claims = |event: &serde_json::Value| event["requestContext"]["authorizer"].clone();
    assert_eq!(claims(&sample), claims(&copy.json("events/sales/list-leads.json")));
}

#[test]
fn every_method_gets_what_its_convention_asks_for() {
    let copy = Copy::new();
    copy.write(["sales", "add-lead-note", "http:POST:/v1/leads/{id}/notes"], "AddLeadNote");
    copy.write(["sales", "list-lead-notes", "http:GET:/v1/leads/{id}/notes"], "ListLeadNotes");
    copy.write(["sales", "replace-lead-note", "http:PUT:/v1/leads/{id}/notes/{note_id}"], "ReplaceLeadNote");
    copy.write(["identity", "change-profile", "http:PATCH:/v1/users/profile"], "ChangeProfile");
    let paths = &copy.yaml("infra/openapi.yaml")["paths"];
    let notes = &paths["/v1/leads/{id}/notes"];
    assert_eq!(notes["parameters"][0]["$ref"], "#/components/parameters/LeadId");
    assert_eq!(notes["post"]["parameters"][0]["$ref"], "#/components/parameters/IdempotencyKey");
    assert_eq!(notes["get"]["parameters"].as_sequence().unwrap().len(), 3);
    let sample = copy.json("events/sales/add-lead-note.json");
    assert!(sample["headers"]["Idempotency-Key"].is_string());
    assert_eq!(sample["path"], "/v1/leads/lead_01jd2x5k8qf3v9m4t7w6z0r1sa/notes");
    let note = &paths["/v1/leads/{id}/notes/{note_id}"];
    assert_eq!(note["parameters"][1]["name"], "note_id");
    assert!(note["put"]["responses"]["428"].is_mapping());
    // Reads of API keys have a configured limit, which a generated route does not have.
    copy.write(["ai", "get-answer-quality", "http:GET:/v1/ai/answer-quality"], "GetAnswerQuality");
    assert!(copy.yaml("tests/authorization.yaml")["getAnswerQuality"]["api_key"].is_null());
    let profile = &paths["/v1/users/profile"];
    assert_eq!(profile["get"]["operationId"], "getProfile");
    assert_eq!(profile["patch"]["operationId"], "changeProfile");
}

#[test]
fn a_consumer_has_a_queue_of_its_own() {
    let copy = Copy::new();
    copy.write(["notifications", "welcome-account", "queue:account_registered"], "WelcomeAccount");
    let messaging = copy.yaml("infra/messaging.yaml");
    for kind in ["Queue", "DeadLetters", "Rule"] {
        assert!(messaging["Resources"][format!("WelcomeAccount{kind}").as_str()].is_mapping(), "{kind}");
    }
    let pattern = &messaging["Resources"]["WelcomeAccountRule"]["Properties"]["EventPattern"];
    assert_eq!(pattern["detail-type"][0], "account_registered");
    assert!(loop_of(&messaging, "QueuePolicies").contains(&"WelcomeAccount"));
    assert!(loop_of(&messaging, "DeadLetterAlarms").contains(&"WelcomeAccountDeadLetters"));
    assert!(loop_of(&messaging, "AgeAlarms").contains(&"WelcomeAccountQueue"));
    let stack = copy.yaml("infra/notifications.yaml");
    let source = &stack["Resources"]["WelcomeAccountFunction"]["Properties"]["Events"]["Messages"];
    assert_eq!(
        tagged(&source["Properties"]["Queue"]),
        "!Sub arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:sextant-${Environment}-welcome-account"
    );
    let queue = &messaging["Resources"]["WelcomeAccountQueue"]["Properties"]["QueueName"];
    assert_eq!(tagged(queue), "!Sub sextant-${Environment}-welcome-account");
    let dead_letters = &messaging["Resources"]["WelcomeAccountDeadLetters"]["Properties"];
    assert_eq!(dead_letters["SqsManagedSseEnabled"], true);
}

#[test]
fn a_new_context_is_everywhere_it_must_be() {
    let copy = Copy::new();
    let before = copy.files();
    let arguments = ["webhooks", "create-webhook", "http:POST:/v1/webhooks"];
    copy.assert_refused(arguments, "make it with --new-context");
    copy.generate_in(arguments, Some("Requests to systems of customers")).unwrap();
    copy.assert_only_added(&before);
    let stack = copy.yaml("infra/webhooks.yaml");
    assert_eq!(stack["Description"], "Requests to systems of customers.");
    assert_eq!(loop_of(&stack, "Functions"), ["CreateWebhook"]);
    assert!(stack["Resources"]["CreateWebhookRole"].is_mapping());
    assert!(stack["Resources"]["GetUsageFunction"].is_null());
    // Its use cases are a crate, which the function links.
    let crate_of_use_cases = "application-webhooks = { path = \"shared/application/webhooks\" }\n";
    assert!(copy.read("Cargo.toml").contains(crate_of_use_cases));
    assert!(copy.read("Cargo.lock").contains("[[package]]\nname = \"application-webhooks\"\n"));
    assert!(copy.read("shared/application/webhooks/Cargo.toml").contains("name = \"application-webhooks\""));
    assert_eq!(
        copy.read("shared/application/webhooks/src/lib.rs"),
        "//! Requests to systems of customers.\n"
    );
    let manifest = copy.read("functions/webhooks/create-webhook/Cargo.toml");
    assert!(manifest.contains("application-webhooks.workspace = true\n"), "{manifest}");
    let template = copy.yaml("template.yaml");
    assert_eq!(template["Resources"]["Webhooks"]["Properties"]["Location"], "infra/webhooks.yaml");
    let order = template["Resources"]["Api"]["DependsOn"].as_sequence().unwrap();
    assert_eq!(order.last().unwrap(), "Webhooks");
    let contract = copy.yaml("infra/openapi.yaml");
    let tags = contract["tags"].as_sequence().unwrap();
    assert!(tags.iter().any(|tag| tag["name"] == "webhooks"));
    assert_eq!(contract["paths"]["/v1/webhooks"]["post"]["tags"][0], "webhooks");

    // A second function of the context changes less. A context can be made only once, and needs a plain name and
    // description.
    copy.write(["webhooks", "list-webhooks", "http:GET:/v1/webhooks"], "ListWebhooks");
    for (context, description, because) in [
        ("webhooks", "Again", "leave --new-context out"),
        ("data", "Tables", "can't be a new context"),
        ("Web-Hooks", "Requests", "can't be a new context"),
        ("plugins", "", "one plain sentence"),
        ("plugins", "What: that", "one plain sentence"),
    ] {
        let arguments = [context, "create-thing", "http:POST:/v1/things"];
        let error = copy.generate_in(arguments, Some(description)).unwrap_err().to_string();
        assert!(error.contains(because), "{context}: {error}");
    }
}

#[test]
fn every_event_type_gets_a_message_without_secrets() {
    let copy = Copy::new();
    let files = fs::read_dir(root().join("events/schemas")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    // The newest version of each type, which is the one that is published.
    let newest: BTreeMap<_, _> =
        files.iter().filter_map(|file| Some((file.split_once(".v")?.0, file))).collect();
    let types = newest.len();
    for (event_type, file) in newest {
        let name = format!("follow-{}", event_type.replace('_', "-"));
        copy.generate(["platform", &name, &format!("queue:{event_type}")]).unwrap();
        let sample = copy.json(&format!("events/platform/{name}.json"));
        let body = sample["Records"][0]["body"].as_str().unwrap();
        let message: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(message["detail"]["event_type"], event_type);
        for (property, shape) in
            copy.json(&format!("events/schemas/{file}"))["properties"].as_object().unwrap()
        {
            let sent = message["detail"]["data"].get(property).is_some();
            assert!(!sent || shape["x-sextant-private"] != true, "{event_type} {property}");
        }
    }
    assert!(types > 10, "{types}");
    copy.yaml("infra/messaging.yaml");
}

#[test]
fn a_schedule_starts_its_function() {
    let copy = Copy::new();
    copy.write(["platform", "prune-sessions", "schedule:rate(1 hour)"], "PruneSessions");
    copy.write(["platform", "report-usage", "schedule:cron(0/5 6 ? * MON#1 *)"], "ReportUsage");
    let resources = &copy.yaml("infra/platform.yaml")["Resources"];
    for (id, expression) in
        [("PruneSessionsFunction", "rate(1 hour)"), ("ReportUsageFunction", "cron(0/5 6 ? * MON#1 *)")]
    {
        assert_eq!(resources[id]["Properties"]["Events"]["Clock"]["Properties"]["Schedule"], expression);
    }
    assert_eq!(copy.json("events/platform/prune-sessions.json")["source"], "aws.events");
}
