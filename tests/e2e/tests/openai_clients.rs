//! OpenAI's own client libraries, unchanged, with Sextant's base URL and an API key: models, answers, streams, vectors,
//! and the errors for which they have types.

use crate::{api_keys, shared};
use e2e_tests::{Client, environment, model};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

/// A model of its own: other tests make the scoring model fail, which closes it to all.
const MODEL: &str = "us.amazon.nova-pro-v1:0";

fn key(name: &str) -> String {
    key_of(&shared().admin, name)
}

fn key_of(admin: &Client, name: &str) -> String {
    let scopes = ["completion:create", "embedding:create", "model:read"];
    let body = json!({"name": name, "scopes": scopes, "expires_in_days": 1});
    admin.post("/v1/api-keys", &body).json(201)["key"].as_str().unwrap().to_owned()
}

/// Runs a client program; returns its output.
fn says(language: &str, what: &str, key: &str) -> Value {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let (program, script) = match language {
        "python" => (&environment().client_python, clients.join("python/client.py")),
        _ => (&environment().node, environment().javascript.join("client.js")),
    };
    let output = Command::new(program)
        .arg(script)
        .arg(what)
        .env("BASE_URL", &environment().api_url)
        .env("API_KEY", key)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{language} {what}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn answers(language: &str) -> Value {
    let model = model();
    let usage = json!({"inputTokens": 12, "outputTokens": 3});
    model.script(&[
        json!({"text": "A wren.", "usage": usage}),
        json!({"text": "A wren and a robin and an owl.", "usage": usage, "chunks": 4, "chunk_delay_ms": 150}),
    ]);
    says(language, "answers", &key(&format!("{language} answers")))
}

fn assert_answers(said: &Value) {
    let models = said["models"].as_array().unwrap();
    assert!(models.contains(&json!(MODEL)) && models.contains(&json!("amazon.titan-embed-text-v2:0")));
    let whole = &said["whole"];
    assert_eq!((&whole["object"], &whole["model"]), (&json!("chat.completion"), &json!(MODEL)));
    assert_eq!(whole["choices"][0]["message"]["content"], "A wren.");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert_eq!((&whole["usage"]["prompt_tokens"], &whole["usage"]["total_tokens"]), (&json!(12), &json!(15)));
    let streamed = &said["streamed"];
    assert_eq!(streamed["text"], "A wren and a robin and an owl.");
    assert_eq!((&streamed["roles"], &streamed["reasons"]), (&json!(["assistant"]), &json!(["stop"])));
    assert_eq!(streamed["usage"]["completion_tokens"], 3);
    assert_eq!(said["vectors"], json!([1024, 1024]));
    assert!(said["vector_tokens"].as_u64().unwrap() > 0);
}

#[test]
fn the_python_client_lists_completes_streams_and_embeds() {
    let said = answers("python");
    assert_answers(&said);
    // Three pauses of 150 ms are between the first piece and the last: the pieces were not held back until the end.
    assert!(said["spread_seconds"].as_f64().unwrap() > 0.2, "{}", said["spread_seconds"]);
}

#[test]
fn the_javascript_client_lists_completes_streams_and_embeds() {
    assert_answers(&answers("javascript"));
}

fn assert_formats(language: &str) {
    let model = model();
    let bird = json!({"bird": "wren"});
    model.script(&[
        json!({"text": "{\"bird\": \"wren\"}"}),
        json!({"tool_input": bird}),
        json!({"text": "{\"bird\": \"wr", "stop_reason": "max_tokens"}),
        json!({"text": "A wren."}),
        json!({"text": "An owl."}),
    ]);
    let said = says(language, "formats", &key(&format!("{language} formats")));
    for form in ["some_object", "schema"] {
        let text = said[form].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), bird, "{form}: {said}");
    }
    assert_eq!(said["cut"], json!(["{\"bird\": \"wr", "length"]));
    assert_eq!((&said["samplers"], &said["echoed"]), (&json!("A wren."), &json!("An owl.")));
    assert_eq!(said["vectors"], json!([300, 1024]));
    let mut calls = model.calls();
    calls.retain(|call| call["operation"] == "converse");
    // "Any object" is asked for in words, a schema by a tool.
    assert!(calls[0]["body"].get("toolConfig").is_none() && calls[1]["body"].get("toolConfig").is_some());
    let inference = &calls[3]["body"]["inferenceConfig"];
    assert_eq!((inference.get("topP"), &inference["stopSequences"]), (None, &json!(["END"])), "{inference}");
    // The answer that was sent back twice is one turn.
    assert_eq!(calls[4]["body"]["messages"].as_array().unwrap().len(), 3);
}

#[test]
fn the_python_client_gets_json_and_sends_back_what_it_got() {
    assert_formats("python");
}

#[test]
fn the_javascript_client_gets_json_and_sends_back_what_it_got() {
    assert_formats("javascript");
}

fn assert_retries(language: &str) {
    let model = model();
    let broken = json!({"status": 500});
    let wrong = json!({"tool_input": {"fish": "eel"}});
    model.script(&[broken.clone(), broken.clone(), broken, json!({"text": "A wren."}), wrong.clone(), wrong]);
    let said = says(language, "retries", &key(&format!("{language} retries")));
    assert_eq!(said["answer"], "A wren.");
    assert_eq!(
        (&said["unusable"]["status"], &said["unusable"]["code"]),
        (&json!(422), &json!("answer_does_not_match_schema"))
    );
    // Three tries and one that the client made; a completion and its repair, which were asked for once.
    assert_eq!(model.calls().len(), 4 + 2);
}

#[test]
fn the_python_client_asks_again_what_may_pass_and_nothing_else() {
    assert_retries("python");
}

#[test]
fn the_javascript_client_asks_again_what_may_pass_and_nothing_else() {
    assert_retries("javascript");
}

fn errors(language: &str) -> Value {
    let model = model();
    let too_long = json!({"status": 400, "message": "Input is too long for requested model."});
    let broken = json!({"status": 500});
    model.script(&[too_long, broken.clone(), broken.clone(), broken]);
    says(language, "errors", &key(&format!("{language} errors")))
}

fn assert_errors(said: &Value) {
    for (case, class, status, code) in [
        ("unauthenticated", "AuthenticationError", 401, json!("unauthenticated")),
        ("no_model", "NotFoundError", 404, json!("model_not_found")),
        ("no_vectors", "NotFoundError", 404, json!("model_not_found")),
        ("too_long", "BadRequestError", 400, json!("context_length_exceeded")),
        ("wrong_field", "BadRequestError", 400, json!("invalid_request")),
        ("unavailable", "InternalServerError", 503, json!("models_unavailable")),
    ] {
        let error = &said[case];
        assert_eq!((&error["class"], &error["status"]), (&json!(class), &json!(status)), "{case}: {said}");
        // The gateway's own 401 is a problem document, whose code the clients find at the top level.
        assert_eq!(error["code"], code, "{case}: {said}");
    }
}

#[test]
fn the_python_client_raises_its_own_errors() {
    assert_errors(&errors("python"));
}

#[test]
fn the_javascript_client_raises_its_own_errors() {
    assert_errors(&errors("javascript"));
}

/// The organization of the tests of API keys has no money for models; none of those tests asks a model.
fn without_money() -> &'static Client {
    static SET: Once = Once::new();
    let admin = &api_keys::organization().admin;
    SET.call_once(|| {
        let budget = admin.get("/v1/ai/budgets");
        let seen = budget.header("ETag").unwrap().to_owned();
        // A hundred nano-dollars: less than the bound of a vector for one word.
        let little = json!({
            "tenant_month_usd": "0.0000001", "tenant_day_usd": "1", "user_day_usd": "1", "feature_month_usd": {},
            "expected_month_usd": "1",
        });
        admin.put("/v1/ai/budgets", &seen, &little).expect(200);
    });
    admin
}

/// The clients have no type of their own for 402.
fn assert_over_budget(language: &str, class: &str) {
    let model = model();
    let said = says(language, "budget", &key_of(without_money(), &format!("{language} budget")));
    for case in ["whole", "streamed", "vectors"] {
        let expected =
            json!({"class": class, "status": 402, "code": "budget_exceeded", "type": "insufficient_quota"});
        assert_eq!(said[case], expected, "{case}: {said}");
    }
    assert_eq!(model.calls().len(), 0, "who can't pay asks no model");
}

#[test]
fn the_python_client_is_told_that_the_budget_is_spent() {
    assert_over_budget("python", "APIStatusError");
}

#[test]
fn the_javascript_client_is_told_that_the_budget_is_spent() {
    assert_over_budget("javascript", "APIError");
}

#[test]
fn over_the_limit_the_client_is_told_when_to_come_back() {
    // Its calls must not be counted together with those of another test.
    let _turn = model();
    let said = says("python", "limit", &key("limited"));
    assert_eq!(said["code"], "rate_limited");
    assert!(said["retry_after"].as_str().unwrap().parse::<u32>().unwrap() >= 1);
}

#[test]
fn the_client_tells_the_id_of_a_request_and_the_right_route() {
    let model = model();
    model.script(&[json!({"text": "A wren."}), json!({"text": "An owl."})]);
    let said = says("python", "routes", &key("python routes"));
    assert_eq!(said["model"], MODEL);
    let ids: BTreeSet<&str> = said["ids"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(ids.len(), 3, "{said}");
    let limits = &said["limits"];
    assert_eq!(limits["x-ratelimit-limit-requests"], "60");
    assert!(limits["x-ratelimit-reset-requests"].as_str().unwrap().ends_with('s'), "{limits}");
    for (case, code, message) in [
        ("completions", "not_found", "Use POST /v1/chat/completions."),
        ("files", "not_found", "Files are not uploaded here."),
        ("images", "not_found", "POST /v1/chat/completions"),
        ("moderations", "not_found", "POST /v1/chat/completions"),
        ("doubled", "not_found", "Use GET /v1/models;"),
        ("model", "model_not_found", "Model not found"),
    ] {
        let error = &said["errors"][case];
        assert_eq!(
            (&error["class"], &error["code"]),
            (&json!("NotFoundError"), &json!(code)),
            "{case}: {said}"
        );
        assert!(error["message"].as_str().unwrap().contains(message), "{case}: {error}");
        assert_eq!(error["has_id"], true, "{case}: {error}");
    }
}
