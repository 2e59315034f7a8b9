//! Methods, validators, content codings and other origins through the gateway, including the gateway's own answers.

use crate::shared;
use e2e_tests::{Answer, Client, lead};
use serde_json::json;

/// The origins that the local deployment allows; the gateway's own answers name the first one.
const FIRST: &str = "http://localhost:3000";
const SECOND: &str = "https://console.sextant.example";
const FOREIGN: &str = "https://evil.example";
const LEAD: &str = "/v1/leads/lead_01h2xcejqtf2nbrexx3vqjhp41";

/// A preflight request for this method.
fn preflight(origin: &str, path: &str, method: &str) -> Answer {
    let headers = [("Origin", origin), ("Access-Control-Request-Method", method)];
    Client::anonymous().send("OPTIONS", path, &headers, None).expect(204)
}

fn opened_for(answer: &Answer) -> Option<&str> {
    answer.header("Access-Control-Allow-Origin")
}

#[test]
fn every_path_tells_the_methods_that_it_takes() {
    let nobody = Client::anonymous();
    for (method, path, allow) in [
        ("DELETE", "/v1/health", "GET, HEAD, OPTIONS"),
        ("PATCH", LEAD, "GET, HEAD, PUT, DELETE, OPTIONS"),
        ("GET", "/v1/auth/login", "POST, OPTIONS"),
        ("HEAD", "/v1/auth/login", "POST, OPTIONS"),
        ("PUT", "/v1/chat/completions", "POST, OPTIONS"),
    ] {
        // The content type does not matter, because the body is not read.
        let xml: &[(&str, &str)] = &[("Content-Type", "application/xml")];
        let (headers, body) =
            if ["PATCH", "PUT"].contains(&method) { (xml, Some("<x/>")) } else { (&[][..], None) };
        let answer = nobody.send(method, path, headers, body).expect(405);
        assert_eq!(answer.header("Allow"), Some(allow), "{method} {path}");
        match (method, path) {
            ("HEAD", _) => assert_eq!(answer.text, ""),
            (_, "/v1/chat/completions") => {
                let error = answer.json(405)["error"].clone();
                assert_eq!(
                    (&error["code"], &error["message"]),
                    (&json!("method_not_allowed"), &json!("/v1/chat/completions takes POST, OPTIONS."))
                );
            }
            _ => {
                answer.problem(405, "method_not_allowed");
            }
        }
        let options = nobody.send("OPTIONS", path, &[], None).expect(204);
        assert_eq!((options.header("Allow"), opened_for(&options)), (Some(allow), None), "{path}");
    }
    nobody.send("PATCH", "/v1/no-such-thing", &[], Some("")).problem(404, "not_found");
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let admin = &shared().admin;
    let created = shared().create_lead("Asked by its head Ltd");
    let path = format!("/v1/leads/{}", created["id"].as_str().unwrap());
    let head = admin.send("HEAD", &path, &[], None).expect(200);
    assert_eq!((head.header("ETag"), head.text.as_str()), (Some("\"1\""), ""));
    admin.send("HEAD", LEAD, &[], None).expect(404);
    let refused = Client::anonymous().send("HEAD", &path, &[], None).expect(401);
    assert_eq!(refused.header("WWW-Authenticate"), Some(r#"Bearer realm="sextant""#));
    for public in ["/v1/health", "/docs", "/v1/openapi.json", "/.well-known/jwks.json"] {
        let head = Client::anonymous().send("HEAD", public, &[], None).expect(200);
        assert_eq!(head.text, "", "{public}");
    }
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let admin = &shared().admin;
    let created = shared().create_lead("Read twice Ltd");
    let path = format!("/v1/leads/{}", created["id"].as_str().unwrap());
    for path in [path.as_str(), "/v1/organizations/current", "/v1/ai/models", "/docs"] {
        let tag = admin.get(path).expect(200).header("ETag").unwrap().to_owned();
        let again = admin.send("GET", path, &[("If-None-Match", &tag)], None).expect(304);
        assert_eq!((again.header("ETag"), again.text.as_str()), (Some(tag.as_str()), ""), "{path}");
        admin.send("GET", path, &[("If-None-Match", "\"another\"")], None).expect(200);
    }
    let tag = admin.get(&path).header("ETag").unwrap().to_owned();
    admin.put(&path, &tag, &lead("Read a third time Ltd")).expect(200);
    admin.send("GET", &path, &[("If-None-Match", &tag)], None).expect(200);
}

#[test]
fn documents_are_compressed_for_who_asks() {
    for path in ["/docs", "/v1/openapi.json"] {
        let sent = |codings: &str| {
            let answer =
                Client::anonymous().send_raw("GET", path, &[("Accept-Encoding", codings)]).expect(200);
            assert_eq!(answer.header("Vary"), Some("Accept-Encoding, Origin"), "{path}");
            answer
        };
        let (plain, gzip, brotli) = (sent("identity"), sent("gzip"), sent("br;q=1, gzip;q=0.5"));
        assert_eq!(plain.header("Content-Encoding"), None);
        assert_eq!(
            (gzip.header("Content-Encoding"), brotli.header("Content-Encoding")),
            (Some("gzip"), Some("br"))
        );
        assert!(gzip.bytes.starts_with(&[0x1f, 0x8b]), "{path} is no gzip");
        assert!(gzip.bytes.len() * 4 < plain.bytes.len() && brotli.bytes.len() < gzip.bytes.len(), "{path}");
        let tags = [&plain, &gzip, &brotli].map(|answer| answer.header("ETag").unwrap().to_owned());
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
        // Browsers list text first in `Accept`; programs send no `Accept`.
        let headers = [("Accept-Encoding", "gzip"), ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
        assert_eq!(Client::anonymous().send_raw("GET", path, &headers).expect(200).bytes, gzip.bytes);
    }
}

#[test]
fn pages_of_allowed_origins_are_let_in_and_no_others() {
    let admin = &shared().admin;
    for origin in [FIRST, SECOND] {
        for (path, method) in [(LEAD, "PUT"), ("/v1/chat/completions", "POST"), ("/v1/auth/login", "POST")] {
            let answer = preflight(origin, path, method);
            assert_eq!(opened_for(&answer), Some(origin), "{path}");
            assert!(
                answer
                    .header("Access-Control-Allow-Methods")
                    .unwrap()
                    .split(", ")
                    .any(|known| known == method)
            );
            let sendable = answer.header("Access-Control-Allow-Headers").unwrap();
            assert!(sendable.contains("Authorization") && sendable.contains("Idempotency-Key"), "{sendable}");
            assert_eq!(
                (answer.header("Access-Control-Max-Age"), answer.header("Vary")),
                (Some("7200"), Some("Origin"))
            );
        }
        let headers = [("Origin", origin)];
        for answer in [
            admin.send("GET", "/v1/leads", &headers, None).expect(200),
            admin.send("GET", LEAD, &headers, None).expect(404),
            admin.post_with("/v1/leads", &headers, &json!({})).expect(400),
            admin.post_with("/v1/chat/completions", &headers, &json!({})).expect(400),
        ] {
            assert_eq!((opened_for(&answer), answer.header("Vary")), (Some(origin), Some("Origin")));
            let readable = answer.header("Access-Control-Expose-Headers").unwrap();
            for name in ["ETag", "Location", "Retry-After", "X-Correlation-Id", "X-Request-Id", "RateLimit"] {
                assert!(readable.split(", ").any(|known| known == name), "{name}");
            }
            assert_eq!(answer.header("Access-Control-Allow-Credentials"), Some("true"));
        }
    }
    let answer = preflight(FOREIGN, "/v1/leads", "GET");
    assert_eq!((opened_for(&answer), answer.header("Access-Control-Allow-Headers")), (None, None));
    assert_eq!(opened_for(&admin.send("GET", "/v1/leads", &[("Origin", FOREIGN)], None).expect(200)), None);
}

#[test]
fn pages_may_read_that_a_path_does_not_exist() {
    for origin in [FIRST, SECOND] {
        assert_eq!(opened_for(&preflight(origin, "/v1/files", "POST")), Some(origin));
        let answer = Client::anonymous().send("POST", "/v1/files", &[("Origin", origin)], Some("{}"));
        assert_eq!(opened_for(&answer.expect(404)), Some(origin));
    }
    let headers = [("Origin", FOREIGN), ("Access-Control-Request-Method", "POST")];
    Client::anonymous().send("OPTIONS", "/v1/files", &headers, None).expect(404);
}

#[test]
fn the_gateways_own_answers_protect_and_open_as_the_functions_do() {
    let nobody = Client::anonymous();
    let wrong = Client::with_token("not.a.token");
    for origin in [FIRST, SECOND, FOREIGN] {
        let headers = [("Origin", origin)];
        for answer in [
            nobody.send("GET", "/v1/leads", &headers, None).expect(401),
            wrong.send("GET", "/v1/leads", &headers, None).expect(401),
            nobody.send("GET", "/no-such-thing", &headers, None).expect(404),
        ] {
            // A browser compares the header with the origin of the page, so only pages of the first origin can read the
            // answer.
            assert_eq!(opened_for(&answer), Some(FIRST));
            assert_eq!(answer.header("Cache-Control"), Some("no-store"));
            assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
            assert_eq!(
                answer.header("Strict-Transport-Security"),
                Some("max-age=63072000; includeSubDomains")
            );
        }
    }
}

#[test]
fn a_wrong_token_is_told_from_a_missing_one() {
    let missing = Client::anonymous().get("/v1/leads");
    assert_eq!(missing.header("WWW-Authenticate"), Some(r#"Bearer realm="sextant""#));
    missing.problem(401, "unauthenticated");
    for token in ["not.a.token", "sxk_01jd2wzq4sf1a6p8d2y7b9t3ge_01jd2x1v7gf5w4n8q3k6m9z0tc_9f86d081"] {
        // The second answer comes from the authorizer cache of the gateway.
        for _ in 0..2 {
            let wrong = Client::with_token(token).get("/v1/leads");
            assert_eq!(
                wrong.header("WWW-Authenticate"),
                Some(r#"Bearer realm="sextant", error="invalid_token""#)
            );
            wrong.problem(401, "unauthenticated");
        }
    }
}
