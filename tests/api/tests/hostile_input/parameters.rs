//! Hostile ids in paths, and hostile query and header parameters.

use super::values::wrong_texts;
use super::{MARK, Scene};
use api_tests::{Answer, Contract};

#[tokio::test]
async fn an_id_that_can_not_exist_is_answered_as_one_that_does_not() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    for operation in Contract::get().operations() {
        let Some(parameter) = operation.parameters_in("path").next() else { continue };
        let (missing, own) = if operation.path.starts_with("/v1/leads/") {
            ("lead_01jd2x5k8qf3v9m4t7w6z0r1sa", &scene.lead)
        } else if operation.path.starts_with("/v1/api-keys/") {
            ("apikey_01jd2x3c6hf9b5r1m8v4n7q2wk", &scene.api_key)
        } else if operation.path.starts_with("/v1/members/") {
            ("account_01jd2x4h2rfa9v6k1s8m3w7c5e", &scene.member)
        } else {
            ("notification_01jd2y8m3nf6s2c9x5k7v1q0wb", &scene.notification)
        };
        let send = async |id: &str| -> Answer {
            scene.request(operation).path(&parameter.name, id).named("one and the same").send().await
        };
        let code = if operation.id == "getOpenaiModel" { "model_not_found" } else { "not_found" };
        let missing = send(missing).await.problem(404, code);
        let hostile = [
            String::new(),
            "x".to_owned(),
            "\0".to_owned(),
            format!("{own}\0"),
            own.to_uppercase(),
            format!(" {own}"),
            format!("{own}#state"),
            format!("{}#{own}", scene.person.tenant),
            "../../admin".to_owned(),
            // An id of another kind than that of the path.
            scene
                .person
                .account
                .to_string()
                .replace("account_", if own.starts_with("account_") { "lead_" } else { "account_" }),
            scene.person.tenant.to_string(),
            own.replace("lead_", "account_")
                .replace("notification_", "lead_")
                .replace("apikey_", "lead_")
                .replace("account_", "x_"),
            "lead_".to_owned(),
            "lead_8zzzzzzzzzzzzzzzzzzzzzzzzz".to_owned(),
            "a".repeat(10_000),
            format!("lead_{}", "0".repeat(10_000)),
            "lead_01jd2x5k8qf3v9m4t7w6z0r1sà".to_owned(),
            "{id}".to_owned(),
            "*".to_owned(),
            "null".to_owned(),
        ];
        for id in hostile {
            let shown: String = id.chars().take(60).collect();
            assert_eq!(send(&id).await, missing, "{} {shown:?}", operation.id);
        }
    }
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn every_query_parameter_is_checked_and_named() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    let mut cases = 0;
    for operation in Contract::get().operations() {
        let parameters: Vec<_> = operation.parameters_in("query").collect();
        for parameter in &parameters {
            let name = parameter.name.as_str();
            let free = parameter.schema["type"] == "string"
                && ["enum", "pattern", "format"].iter().all(|limit| parameter.schema[limit].is_null());
            for wrong in wrong_texts(&parameter.schema) {
                // NUL is allowed in a text that is only compared, because it matches nothing.
                if free && wrong.contains('\0') && name != "cursor" {
                    continue;
                }
                let call = scene.request(operation).query(name, &wrong);
                cases += 1;
                if name == "cursor" {
                    let answer = call.send().await.problem(400, "invalid_cursor");
                    assert!(!answer.body.contains(MARK), "{}", answer.body);
                } else {
                    let shown: String = wrong.chars().take(60).collect();
                    scene.refused(operation, call, name, &shown).await;
                }
            }
            let good = match name {
                "sort" => "score",
                "owner" => &scene.person.account.to_string(),
                "status" => "new",
                "created_from" | "created_to" => "2026-11-02T09:00:00Z",
                _ => "7",
            };
            let call = scene.request(operation).query(name, good).query(name, good);
            scene.refused(operation, call, name, "given twice").await;
        }
        if !parameters.is_empty() {
            for unknown in ["unknown", "Limit", "limit[]", "cursor ", "min_score\u{200b}"] {
                let call = scene.request(operation).query(unknown, MARK);
                scene.refused(operation, call, unknown, "unknown").await;
            }
        }
    }
    assert!(cases > 60, "{cases}");
    scene.world.unchanged_since(&before).await;
}

#[tokio::test]
async fn every_header_parameter_is_checked_and_named() {
    let scene = Scene::start().await;
    let before = scene.world.snapshot().await;
    let mut seen = Vec::new();
    for operation in Contract::get().operations() {
        for parameter in operation.parameters_in("header") {
            let wrong: &[&str] = match parameter.name.as_str() {
                "Idempotency-Key" => &["", " ", "a b", "a\0b", "ключ", "a\tb"],
                "If-Match" | "If-None-Match" if operation.method != "GET" => {
                    &["", "1", "\"1", "'1'", "*, \"1\"", "W/1", "w/\"1\"", "\"1\" \"2\"", "\"a b\""]
                }
                // A text that is not an entity tag matches nothing.
                "Cache-Control" => &[],
                // Another value is as if it were absent, and only a cookie needs it.
                "X-Requested-With" => &[],
                // A text that is not an entity tag matches nothing.
                "If-None-Match" => &[],
                other => panic!("what is wrong for {other}?"),
            };
            let long = "k".repeat(256);
            let long = (parameter.name == "Idempotency-Key").then_some(long.as_str());
            for wrong in wrong.iter().copied().chain(long) {
                let call = scene.request(operation).header(&parameter.name, wrong);
                scene.refused(operation, call, &parameter.name, &format!("{wrong:?}")).await;
            }
            seen.push(parameter.name.as_str());
        }
    }
    assert!(seen.contains(&"If-Match") && seen.contains(&"Idempotency-Key"), "{seen:?}");
    scene.world.unchanged_since(&before).await;
}
