//! Feature flags end to end: the deployed configuration reaches a person and a key through the real role.

use crate::api_keys::organization;
use e2e_tests::Client;
use serde_json::json;

#[test]
fn flags_are_read_by_people_and_by_keys_with_the_scope() {
    let admin = &organization().admin;
    // The configuration of the tests has no flags. Fine-tunes, which it turns on, show that it is read.
    assert_eq!(admin.get("/v1/flags").json(200), json!({"data": []}));
    for (scope, reads) in [("flag:read", true), ("model:read", false)] {
        let body = json!({"name": format!("for {scope}"), "scopes": [scope], "expires_in_days": 7});
        let created = admin.post("/v1/api-keys", &body).json(201);
        let program = Client::with_token(created["key"].as_str().unwrap());
        if reads {
            assert_eq!(program.get("/v1/flags").json(200), json!({"data": []}));
        } else {
            program.get("/v1/flags").problem(403, "forbidden");
        }
    }
}
