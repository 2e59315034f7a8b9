//! Arguments that are refused, and writes that are taken back.

use super::*;

#[test]
fn what_is_there_is_not_written_again() {
    for arguments in [
        ["sales", "export-leads", "http:GET:/v1/leads/export"],
        ["notifications", "welcome-account", "queue:account_registered"],
        ["platform", "prune-sessions", "schedule:rate(1 hour)"],
    ] {
        let copy = Copy::new();
        copy.generate(arguments).unwrap();
        copy.assert_refused(arguments, "exists");
        copy.assert_refused(["tenancy", arguments[1], arguments[2]], "exists");
    }
}

#[test]
fn arguments_are_refused_with_what_to_do() {
    let copy = Copy::new();
    for (context, name, trigger, because) in [
        (
            "billing",
            "send-invoice",
            "http:GET:/v1/x",
            "ai, analytics, identity, notifications, platform, sales, tenancy",
        ),
        ("sales", "export", "http:GET:/v1/x", "a verb and its object"),
        ("sales", "exportLeads", "http:GET:/v1/x", "lower case with hyphens"),
        ("sales", "export-2fa", "http:GET:/v1/x", "lower case with hyphens"),
        ("sales", "../../export-leads", "http:GET:/v1/x", "lower case with hyphens"),
        ("sales", "job-error", "queue:lead_created", "choose another name"),
        ("sales", "serde-json", "http:GET:/v1/x", "a crate is called serde-json"),
        ("sales", "a-name-that-goes-on-and-on-and-on-and-on-and-on", "http:GET:/v1/x", "at most 40"),
        ("sales", "export-leads", "GET /v1/x", "is not a trigger"),
        ("sales", "export-leads", "http:/v1/x", "is no"),
        ("sales", "export-leads", "http:FETCH:/v1/x", "GET, POST, PUT, PATCH, DELETE"),
        ("sales", "export-leads", "http:GET:/exports", "start with /v1/"),
        ("sales", "export-leads", "http:GET:/v1/exports/", "the segment ``"),
        ("sales", "export-leads", "http:GET:/v1/Exports", "the segment `Exports`"),
        ("sales", "export-leads", "http:GET:/v1/{proxy+}", "the segment `{proxy+}`"),
        ("sales", "export-leads", "http:GET:/v1/leads/{id}/x/{id}", "a name of its own"),
        ("sales", "export-leads", "http:GET:/v1/leads/{lead_id}/x", "write {id} for {lead_id}"),
        ("sales", "export-leads", "http:GET:/v1/leads", "is listLeads already"),
        ("sales", "list-things", "http:POST:/v1/things", "read with GET"),
        ("sales", "export-leads", "queue:lead_lost", "name one of access_denied"),
        ("sales", "export-leads", "queue:../x", "no event is called"),
        ("sales", "export-leads", "schedule:hourly", "is not a schedule"),
        ("sales", "export-leads", "schedule:rate(1 hours)", "is not a rate"),
        ("sales", "export-leads", "schedule:rate(0 minutes)", "is not a rate"),
        ("sales", "export-leads", "schedule:cron(0 6 * * MON *)", "with ? for one of the two days"),
        ("sales", "export-leads", "schedule:cron(0 6 ? * MON)", "with ? for one of the two days"),
    ] {
        copy.assert_refused([context, name, trigger], because);
    }
}

#[test]
fn a_place_that_is_gone_is_named_and_nothing_is_written() {
    let copy = Copy::new();
    let gone = "  Fn::ForEach::Functions:\n";
    fs::write(copy.0.join("infra/sales.yaml"), copy.read("infra/sales.yaml").replace(gone, "")).unwrap();
    let because = "infra/sales.yaml has no line `Fn::ForEach::Functions:`";
    copy.assert_refused(["sales", "export-leads", "http:GET:/v1/leads/export"], because);
}

#[test]
fn a_write_that_fails_halfway_is_taken_back() {
    let copy = Copy::new();
    // A file stands where a folder is needed: the samples are written after the lock.
    fs::remove_dir_all(copy.0.join("events/tenancy")).unwrap();
    fs::write(copy.0.join("events/tenancy"), "in the way").unwrap();
    let before = copy.files();
    let error = copy
        .generate(["tenancy", "rename-organization", "http:PATCH:/v1/organizations/current"])
        .unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert_eq!(copy.files(), before);
}
