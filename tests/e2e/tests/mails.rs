//! Mails end to end: a person registers, verifies the address with the link of the mail, forgets the password and chooses
//! another one. The emulator keeps the mails.

use e2e_tests::{Client, Organization, mailed_token};
use serde_json::json;

#[test]
fn a_person_verifies_the_address_and_chooses_another_password() {
    let ada = Organization::register("mails");
    let session = ada.login();
    let anonymous = Client::anonymous();

    let token = mailed_token(&ada.email, "verify-email");
    anonymous.post("/v1/auth/email/verify", &json!({"token": token})).expect(204);
    anonymous
        .post("/v1/auth/password/reset", &json!({"token": token, "password": "another long password"}))
        .problem(400, "invalid_token");

    anonymous.post("/v1/auth/password/forgot", &json!({"email": ada.email})).expect(202);
    let token = mailed_token(&ada.email, "reset-password");
    let password = format!("{} anew", ada.password);
    let body = json!({"token": token, "password": password});
    anonymous.post("/v1/auth/password/reset", &body).expect(204);
    anonymous.post("/v1/auth/password/reset", &body).problem(400, "invalid_token");

    let login =
        |password: &str| anonymous.post("/v1/auth/login", &json!({"email": ada.email, "password": password}));
    login(&ada.password).problem(401, "invalid_credentials");
    login(&password).expect(200);
    let refresh = json!({"refresh_token": session["refresh_token"]});
    anonymous.post("/v1/auth/refresh", &refresh).problem(401, "invalid_refresh_token");
}
