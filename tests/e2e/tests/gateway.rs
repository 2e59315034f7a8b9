//! The gateway's own answers, and the requests that it passes to functions: every refusal is the same kind of document.

use crate::shared;
use e2e_tests::{Client, events_of, lead};
use serde_json::{Value, json};

/// Just above the largest body that is read.
const TOO_LARGE: usize = 256 * 1024 + 1;

#[test]
fn what_does_not_exist_is_not_found() {
    let nobody = Client::anonymous();
    // A function answers what is below /v1, the gateway what is not.
    for path in ["/v1/no-such-thing", "/v1/leads/x/y", "/v1/ai", "/no-such-thing", "/"] {
        nobody.get(path).problem(404, "not_found");
        shared().admin.get(path).problem(404, "not_found");
    }

    let admin = &shared().admin;
    admin.get("/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41").problem(404, "not_found");
    admin.get("/v1/leads/no-id-at-all").problem(404, "not_found");
    admin.delete("/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41").problem(404, "not_found");
}

/// OpenAI's clients read its errors and show the message.
#[test]
fn wrong_paths_of_openai_name_the_right_route() {
    for client in [&Client::anonymous(), &shared().admin] {
        for (method, path, route) in [
            ("POST", "/v1/completions", "Use POST /v1/chat/completions."),
            ("POST", "/v1//chat/completions", "Use POST /v1/chat/completions;"),
            ("POST", "/v1/complete", "POST /v1/chat/completions"),
            ("POST", "/v1/files", "Files are not uploaded here."),
            ("GET", "/v1/files/file-1/content", "POST /v1/embeddings"),
            ("POST", "/v1/images/generations", "GET /v1/models"),
            ("POST", "/v1/audio/transcriptions", "GET /v1/models"),
            ("POST", "/v1/assistants", "GET /v1/models"),
            ("POST", "/v1/threads", "GET /v1/models"),
            ("POST", "/v1/moderations", "GET /v1/models"),
            ("GET", "/v1/chat", "POST /v1/chat/completions"),
        ] {
            let body = if method == "POST" { Some("{}") } else { None };
            let answer = client.send(method, path, &[("Content-Type", "application/json")], body);
            let id = answer.correlation_id().to_owned();
            let body = answer.json(404);
            let error = &body["error"];
            assert!(!id.is_empty() && error["message"].as_str().unwrap().contains(route), "{path}: {body}");
            assert_eq!(
                (&error["type"], &error["param"], &error["code"]),
                (&json!("invalid_request_error"), &Value::Null, &json!("not_found")),
                "{path}"
            );
            assert_eq!(body.as_object().unwrap().len(), 1, "{path}: {body}");
        }
    }
}

#[test]
fn nothing_but_the_public_routes_works_without_a_token() {
    let nobody = Client::anonymous();
    for (method, path) in [
        ("GET", "/v1/leads"),
        ("POST", "/v1/leads"),
        ("GET", "/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41"),
        ("PUT", "/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41"),
        ("DELETE", "/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41"),
        ("POST", "/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41/score"),
        ("GET", "/v1/notifications"),
        ("POST", "/v1/notifications/notification_01h2xcejqtf2nbrexx3vqjhp41/read"),
        ("GET", "/v1/users/profile"),
        ("GET", "/v1/organizations/current"),
        ("DELETE", "/v1/auth/logout"),
        ("GET", "/v1/members"),
        ("PUT", "/v1/members/account_01h2xcejqtf2nbrexx3vqjhp41"),
        ("DELETE", "/v1/members/account_01h2xcejqtf2nbrexx3vqjhp41"),
        ("POST", "/v1/api-keys"),
        ("GET", "/v1/api-keys"),
        ("DELETE", "/v1/api-keys/apikey_01h2xcejqtf2nbrexx3vqjhp41"),
    ] {
        let answer = nobody.send(method, path, &[], None);
        assert_eq!(answer.header("WWW-Authenticate"), Some(r#"Bearer realm="sextant""#), "{method} {path}");
        answer.problem(401, "unauthenticated");
    }
    let health = nobody.get("/v1/health").json(200);
    assert_eq!((&health["status"], &health["checks"][0]["status"]), (&json!("ok"), &json!("ok")));
}

#[test]
fn bodies_that_can_t_be_read_are_refused() {
    let admin = &shared().admin;
    let json = [("Content-Type", "application/json")];
    let large = json!({"company_name": "x", "notes": "x".repeat(TOO_LARGE)}).to_string();
    admin.send("POST", "/v1/leads", &json, Some(&large)).problem(413, "body_too_large");
    let body = lead("Typed Ltd").to_string();
    let xml = [("Content-Type", "application/xml")];
    admin.send("POST", "/v1/leads", &xml, Some(&body)).problem(415, "unsupported_media_type");
    admin.send("POST", "/v1/leads", &json, Some("{\"company_name\":")).problem(400, "invalid_request");
    admin.send("POST", "/v1/leads", &json, None).problem(400, "invalid_request");

    // The function names every wrong field, and repeats no value.
    let wrong =
        json!({"company_name": "", "company_size": 0, "contact_email": "nobody-at-all", "status": "sold"});
    let problem = admin.post("/v1/leads", &wrong).problem(400, "invalid_request");
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().filter_map(|error| error["field"].as_str()).collect();
    for field in ["/company_name", "/company_size", "/contact_email", "/status"] {
        assert!(fields.contains(&field), "{field} is not told: {problem}");
    }
    assert!(!problem.to_string().contains("nobody-at-all") && !problem.to_string().contains("sold"));

    // The gateway checks no body: the functions answer, so that each wrong field is named.
    Client::anonymous()
        .post("/v1/auth/login", &json!({"email": "a@b.example"}))
        .problem(400, "invalid_request");
    Client::anonymous().post("/v1/auth/refresh", &json!({"token": "x"})).problem(400, "invalid_request");
}

#[test]
fn bodies_reach_the_functions_as_they_were_sent() {
    let admin = &shared().admin;
    let latin1 = b"{\"company_name\":\"M\xfcnchen\"}";
    let json = [("Content-Type", "application/json")];
    let problem = admin.send_bytes("POST", "/v1/leads", &json, latin1).problem(400, "invalid_request");
    assert!(problem["detail"].as_str().unwrap().contains("UTF-8"), "{problem}");
    let other = [("Content-Type", "application/json; charset=iso-8859-1")];
    admin.send_bytes("POST", "/v1/leads", &other, latin1).problem(415, "unsupported_media_type");
    for content_type in ["application/json", "application/json; charset=utf-8"] {
        let body = lead("M\u{fc}nchner \u{1f680} R\u{fc}ck").to_string();
        let created =
            admin.send("POST", "/v1/leads", &[("Content-Type", content_type)], Some(&body)).json(201);
        assert_eq!(created["company_name"], "M\u{fc}nchner \u{1f680} R\u{fc}ck", "{content_type}");
    }
}

#[test]
fn a_caller_sees_who_they_are() {
    let organization = shared();
    let profile = organization.admin.get("/v1/users/profile").json(200);
    assert_eq!(profile["id"], organization.account_id.as_str());
    assert_eq!(profile["email"], organization.email.as_str());
    assert_eq!((&profile["role"], &profile["organization_id"]), (&json!("admin"), &json!(organization.id)));
    let current = organization.admin.get("/v1/organizations/current").json(200);
    assert_eq!((&current["id"], &current["subscription_tier"]), (&json!(organization.id), &json!("starter")));
    assert_eq!(current["home_region"], "us-east-1");
}

#[test]
fn the_correlation_id_leads_from_the_answer_to_the_event() {
    let answer = shared().admin.post("/v1/leads", &lead("Traced Ltd")).expect(201);
    let correlation_id = answer.correlation_id().to_owned();
    let etag = answer.header("ETag").map(str::to_owned);
    let location = answer.header("Location").unwrap().to_owned();
    let created = answer.json(201);
    assert_eq!(location, format!("/v1/leads/{}", created["id"].as_str().unwrap()));
    assert_eq!(etag.as_deref(), Some("\"1\""));

    let events = events_of(&shared().id);
    let event = events.iter().find(|event| event["aggregate_id"] == created["id"]).expect("an event");
    assert_eq!(event["correlation_id"], correlation_id.as_str());
    assert_eq!(event["actor"], shared().account_id.as_str());
}

#[test]
fn a_lead_is_read_replaced_and_deleted() {
    let admin = &shared().admin;
    let created = shared().create_lead("Replaced Ltd");
    let path = format!("/v1/leads/{}", created["id"].as_str().unwrap());
    let answer = admin.get(&path).expect(200);
    let etag = answer.header("ETag").unwrap().to_owned();
    assert_eq!(answer.json(200), created);

    let replacement = json!({"company_name": "Replaced GmbH", "status": "won"});
    let headers = [("Content-Type", "application/json")];
    admin.send("PUT", &path, &headers, Some(&replacement.to_string())).problem(428, "precondition_required");
    let replaced = admin.put(&path, &etag, &replacement).json(200);
    assert_eq!((&replaced["company_name"], &replaced["notes"]), (&json!("Replaced GmbH"), &Value::Null));
    admin.put(&path, &etag, &replacement).problem(412, "precondition_failed");

    admin.delete(&path).expect(204);
    admin.get(&path).problem(404, "not_found");
    admin.delete(&path).expect(204);
}

/// Spellings of a path that a router might take for another path. None of them may reach a function without its authorizer.
#[test]
fn variants_of_a_path_reach_no_other_route() {
    let organization = &shared().admin;
    let client = Client::anonymous();
    for path in [
        "//v1/api-keys",
        "/v1//api-keys",
        "/V1/api-keys",
        "/v1/API-KEYS",
        "/v1/api-keys/",
        "/v1/api-keys//",
        "/v1/leads/../api-keys",
        "/v1/leads/%2e%2e/api-keys",
        "/v1/leads/%2e%2e%2fapi-keys",
        "/v1/health/%2e%2e/api-keys",
        "/v1/health/..;/api-keys",
        "/v1/api-keys;x=1",
        "/v1/api-keys%00",
        "/v1/api-keys%20",
        "/v1/api%2dkeys/.",
    ] {
        let answer = client.send("GET", path, &[], None);
        // A list of keys is the only answer of the route with this member.
        let body = answer.text.clone();
        assert!(!body.contains("next_cursor"), "{path}: {body}");
        assert!([400, 401, 403, 404, 405].contains(&answer.status), "{path}: {} {body}", answer.status);
    }
    assert!(organization.get("/v1/api-keys").json(200).get("next_cursor").is_some());
}
