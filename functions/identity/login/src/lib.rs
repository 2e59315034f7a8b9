//! `POST /v1/auth/login`: tokens for an address and a password, or a challenge for the second factor.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::{Credentials, Login as Needs, LoginResult};
use contracts::identity::LoginRequest;
use contracts::second_factors::MfaChallenge;
use domain::field::{FieldChecks, InvalidFields};
use domain::identity::{SessionDevice, prepared_password};
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;
use wiring_identity::token_response;

/// The handler and its ports.
pub struct Login {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for Login {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: LoginRequest = request.json(|body| judge(body).map(drop))?;
            let device = SessionDevice::known(judge(&body)?, request.viewer_country());
            request.precondition()?.check(CurrentVersion::Absent)?;
            let credentials = Credentials {
                email: &body.email,
                password: &body.password,
                source_address: request.source_ip(),
                device,
            };
            let result = identity::login(&self.needs, &request.context(), &credentials).await;
            let result = result.map_err(|error| match error {
                Error::Unauthenticated => Problem::invalid_credentials(),
                error => error.into(),
            })?;
            match result {
                LoginResult::Tokens(tokens) => {
                    Response::tokens(token_response(tokens), body.use_cookie == Some(true))
                }
                LoginResult::Challenge(challenge) => Response::json(
                    200,
                    &MfaChallenge {
                        mfa_required: true,
                        challenge_id: challenge.challenge_id,
                        methods: challenge.methods.iter().map(|method| method.as_str().to_owned()).collect(),
                        passkey_options: challenge.passkey_options,
                    },
                ),
            }
        })
    }
}

/// Checks the fields of the body. The name of the device, if it has one.
fn judge(body: &LoginRequest) -> Result<Option<String>, InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("email", &body.email, 254);
    // The length of the password is checked in the form in which it is hashed.
    let prepared = prepared_password(&body.password);
    check.secret("password", prepared.as_deref().unwrap_or(&body.password), 128);
    let name = check.optional_line("device_name", body.device_name.as_deref(), 100);
    check.finish(name)
}
