//! The logs: they have enough to find a request by its correlation id, and nothing personal or secret. All logs of the
//! deployment are read, also those of tests that ran before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use e2e_tests::{Aws, Client, Organization, PERSONAL, environment, model, soon};
use serde_json::{Value, json};

/// Prefixes of tokens: of a JWT, of a refresh token, of an API key, of a token in a mail; and the prefix with which each would be sent.
const SECRETS: [&str; 5] = ["eyJ", "sxr_", "sxk_", "sxm_", "Bearer "];

/// Log groups by name, each with its lines.
fn logged() -> Vec<(String, Vec<String>)> {
    let (mut groups, mut next) = (Vec::new(), Value::Null);
    loop {
        let mut request = json!({"logGroupNamePrefix": "/aws/", "limit": 50});
        if !next.is_null() {
            request["nextToken"] = next;
        }
        let mut page = Aws::call("Logs_20140328.DescribeLogGroups", &request);
        let names = page["logGroups"].as_array().unwrap().iter();
        groups.extend(names.map(|group| group["logGroupName"].as_str().unwrap().to_owned()));
        next = page["nextToken"].take();
        if next.is_null() {
            return groups.into_iter().map(|name| (name.clone(), lines(&name))).collect();
        }
    }
}

fn lines(group: &str) -> Vec<String> {
    let (mut lines, mut next) = (Vec::new(), Value::Null);
    loop {
        let mut request = json!({"logGroupName": group, "limit": 10_000});
        if !next.is_null() {
            request["nextToken"] = next;
        }
        let mut page = Aws::call("Logs_20140328.FilterLogEvents", &request);
        let events = page["events"].as_array().unwrap().iter();
        lines.extend(events.map(|event| event["message"].as_str().unwrap().to_owned()));
        next = page["nextToken"].take();
        if next.is_null() {
            return lines;
        }
    }
}

#[test]
fn logs_tell_what_happened_and_nothing_about_people() {
    // A job with everything that must not be logged, in success and in failure.
    let organization = Organization::register("logs");
    let admin = &organization.admin;
    let wrong = json!({"email": organization.email, "password": format!("{PERSONAL}-wrong")});
    Client::anonymous().post("/v1/auth/login", &wrong).problem(401, "invalid_credentials");
    Client::anonymous()
        .post("/v1/auth/register", &json!({"email": "me", "name": PERSONAL}))
        .problem(400, "invalid_request");
    let refused = admin.post("/v1/leads", &json!({"company_name": "Logged Ltd", "contact_email": PERSONAL}));
    let refused = refused.problem(400, "invalid_request")["correlation_id"].as_str().unwrap().to_owned();
    let lead = organization.create_lead("Logged Ltd");
    let id = lead["id"].as_str().unwrap();
    {
        let model = model();
        // The completions quote the lead; the last one is refused with a text that quotes it too.
        let quoting = |text: String| json!({"text": text});
        model.script(&[
            quoting(format!("{PERSONAL} wants to buy")),
            quoting(format!("{{\"abstain\": \"{PERSONAL}\"}}")),
        ]);
        admin.send("POST", &format!("/v1/leads/{id}/score"), &[], None).json(200);
        model.script(&[json!({"status": 400, "message": format!("not this: {PERSONAL}")})]);
        admin.send("POST", &format!("/v1/leads/{id}/score"), &[], None).json(200);
    }
    Client::with_token(&format!("{}x", admin.token())).get("/v1/leads").problem(401, "unauthenticated");
    let seen = admin.get(&format!("/v1/leads?industry={PERSONAL}")).expect(200).correlation_id().to_owned();

    let groups = soon("the log lines of the last request", || {
        // The emulator may take up a line with the next request to the function.
        admin.get("/v1/leads?limit=1").expect(200);
        let groups = logged();
        let has = |(_, lines): &(String, Vec<String>)| lines.iter().any(|line| line.contains(&seen));
        groups.iter().any(has).then_some(groups)
    });
    let function = |name: &str| {
        let name = format!("/aws/lambda/sextant-local-{name}");
        let group = groups.iter().find(|(group, _)| *group == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(!group.1.is_empty(), "{name} has logged nothing");
        &group.1
    };

    // The lines that an operator needs are there.
    let line =
        function("create-lead").iter().find(|line| line.contains(&refused)).expect("the refused request");
    let line: Value = serde_json::from_str(line.trim()).expect("a line is JSON");
    assert_eq!((&line["status"], &line["code"]), (&json!(400), &json!("invalid_request")), "{line}");
    assert_eq!(line["correlation_id"], refused.as_str());
    assert!(line["duration_ms"].is_number() && line["route"] == "/v1/leads", "{line}");
    assert!(function("score-lead").iter().any(|line| line.contains("can't be used")));
    for name in
        ["register-account", "login", "authorize-request", "list-leads", "relay-events", "record-audit"]
    {
        function(name);
    }

    // Secret and personal values are not there.
    for (group, lines) in &groups {
        lines.iter().for_each(|line| clean(group, line));
        if group.starts_with("/aws/apigateway/") {
            assert!(!lines.iter().any(|line| line.contains("127.0.0.1")), "{group} has a caller's address");
        }
    }
    for (path, text) in environment().server_logs() {
        text.lines().for_each(|line| clean(&path.display().to_string(), line));
    }
}

/// Fails when a line has a personal or secret value; the message says where, and not which.
fn clean(place: &str, line: &str) {
    let lower = line.to_lowercase();
    if let Some(at) = lower.find(PERSONAL) {
        let before: String =
            lower[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
        panic!("{place} has something personal after: {before}");
    }
    for secret in SECRETS {
        assert!(!line.contains(secret), "{place} has a token that begins with {secret}");
    }
    let word = |c: char| c.is_ascii_alphanumeric();
    let mut around = line.split('@').zip(line.split('@').skip(1));
    let address = around.any(|(before, after)| before.ends_with(word) && after.starts_with(word));
    assert!(!address, "{place} has an e-mail address");
}
