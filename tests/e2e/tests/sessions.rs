//! Sessions end to end: refresh tokens rotate, a used one that is sent again ends the session, and so does logging out.

use crate::shared;
use e2e_tests::{Answer, Aws, Client, Organization, eventually, keep_sign_ins, table};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// An account can sign in five times in a quarter of an hour, so these tests have an account of their own.
fn organization() -> &'static Organization {
    static OWN: OnceLock<Organization> = OnceLock::new();
    OWN.get_or_init(|| Organization::register("sessions"))
}

fn refresh(token: &Value) -> Answer {
    Client::anonymous().post("/v1/auth/refresh", &json!({"refresh_token": token}))
}

#[test]
fn a_session_is_refreshed_until_it_is_logged_out() {
    let first = organization().login();
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("Bearer"), &json!(900)));
    let second = refresh(&first["refresh_token"]).json(200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    // The answer was lost and the request is sent again: it gets the same successor, and does not count as theft.
    assert_eq!(refresh(&first["refresh_token"]).json(200)["refresh_token"], second["refresh_token"]);

    let client = Client::with_token(second["access_token"].as_str().unwrap());
    client.get("/v1/users/profile").expect(200);
    client.delete("/v1/auth/logout").expect(204);
    client.delete("/v1/auth/logout").expect(204);
    refresh(&second["refresh_token"]).problem(401, "invalid_refresh_token");
}

#[test]
fn a_stolen_refresh_token_ends_the_session_and_its_owner_is_told() {
    let organization = organization();
    let stolen = organization.login();
    let second = refresh(&stolen["refresh_token"]).json(200);
    let third = refresh(&second["refresh_token"]).json(200);
    refresh(&stolen["refresh_token"]).problem(401, "invalid_refresh_token");
    // Neither thief nor owner can go on.
    refresh(&third["refresh_token"]).problem(401, "invalid_refresh_token");

    eventually("a notification of the stolen token", 30, Duration::from_secs(1), || {
        organization.notifications().into_iter().find(|told| told["kind"] == "session_revoked")
    });
}

#[test]
fn a_guessed_token_or_password_tells_nothing_and_ends_nothing() {
    let organization = shared();
    let _kept = keep_sign_ins();
    let session = organization.login();
    // The ids of the session are not secret; the rest is guessed. A guess must not sign the owner out.
    let (names, secrets) = session["refresh_token"].as_str().unwrap().split_at("sxr_".len() + 3 * 16 * 4 / 3);
    let guess = format!("{names}{}", "A".repeat(secrets.len()));
    refresh(&json!(guess)).problem(401, "invalid_refresh_token");
    refresh(&json!("sxr_nonsense")).problem(401, "invalid_refresh_token");
    refresh(&session["refresh_token"]).expect(200);

    // Neither client may pass for another network address: both count against that of the connection.
    let claimed = [("X-Forwarded-For", "203.0.113.99")];
    let networks = network_counters();
    let login = |email: &str, password: &str| {
        let mut problem = Client::anonymous()
            .post_with("/v1/auth/login", &claimed, &json!({"email": email, "password": password}))
            .problem(401, "invalid_credentials");
        problem["correlation_id"].take();
        problem
    };
    let wrong_password = login(&organization.email, "quillfeather-but-wrong");
    let unknown = login("nobody@quillfeather.example", &organization.password);
    assert_eq!(wrong_password, unknown);
    assert!(networks > 0 && network_counters() == networks, "{networks}, {}", network_counters());
}

/// The number of network addresses that log-ins count against.
fn network_counters() -> u64 {
    let scan = json!({
        "TableName": table("ephemeral"),
        "ConsistentRead": true,
        "Select": "COUNT",
        "FilterExpression": "begins_with(pk, :counter)",
        "ExpressionAttributeValues": {":counter": {"S": "limit#logins_address#"}},
    });
    Aws::call("DynamoDB_20120810.Scan", &scan)["Count"].as_u64().expect("a count")
}
